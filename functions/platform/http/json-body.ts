/** The reader of JSON under its former name, until each wing calls `readJson`. */
export { readJson as jsonOrUndefined } from "./reading/json.ts";
