// The package has no types. These are for the parts that tests use.
declare module "asl-validator" {
  interface Verdict {
    isValid: boolean;
    errorsText(separator?: string): string;
  }
  /** It changes the definition that it gets. */
  function validate(definition: object, options?: { checkPaths: boolean; checkArn: boolean }): Verdict;
  export = validate;
}
