import type { Prompts } from "./prompts.ts";

/** Asks for the demographics that a patient search takes. What the user leaves empty is an empty text. */
export const askForDemographics = async ({ ask }: Prompts) => ({
  birthDate: await ask("Date of birth (1996-07-08)"),
  gender: await ask("Gender (male, female, other, unknown)"),
  phone: await ask("Phone (may be empty)"),
  email: await ask("Email (may be empty)"),
  given: await ask("Given name (may be empty)"),
  family: await ask("Family name (may be empty)"),
});
