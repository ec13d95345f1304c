/** Version of Synod that wrote a record. Equal to package.json's; a test holds the two together. */
export const SYNOD_VERSION = "0.1.0";
