export { type Carrier, Passage, Shim, type Way } from "./shim.js";
