export { type Address, type Carrier, Passage, Shim, type ShimOptions, type Way } from "./shim.js";
