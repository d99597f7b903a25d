import { Synthesised } from "#cli/templates/synthesised.ts";
import type { StageVariant } from "./stage-variants.ts";
import { allTemplates } from "./templates.ts";

export type { Properties, Resource } from "#cli/templates/synthesised.ts";

const templates = await allTemplates();

/** A variant's templates. */
export const synthesised = (variant: StageVariant): Synthesised => new Synthesised(templates[variant]);
