// The package ships no types; this is as much of it as the tests use.
declare module "asl-validator" {
  interface Verdict {
    isValid: boolean;
    errorsText(separator?: string): string;
  }
  /** Beware: it writes into the definition that it is given. */
  function validate(definition: object, options?: { checkPaths: boolean; checkArn: boolean }): Verdict;
  export = validate;
}
