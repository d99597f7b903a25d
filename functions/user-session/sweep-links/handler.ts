import { sweepResult, sweepTrigger } from "#platform/executions/sweep-trigger.ts";
import { metricWriter } from "#platform/lambda/metrics.ts";
import { stepHandlers } from "#platform/lambda/step.ts";
import { sessionMetrics } from "#user-session/language/session-metrics.ts";
import { linksFromEnvironment } from "../links/links-from-environment.ts";
import { settleLink } from "../links/settle-link.ts";
import { sweepLinks } from "./sweep-links.ts";

const metrics = metricWriter(sessionMetrics);

const linkStep = stepHandlers(() => ({}));

export const handler = linkStep(sweepTrigger, sweepResult, () => {
  const links = linksFromEnvironment();
  return sweepLinks({
    ...links,
    settle: (linkId, now) => settleLink({ ...links, now: () => now }, linkId),
    // Most need a few short calls. A sweep that runs out of time leaves the others to the next one.
    mostLinks: 500,
    countEnd: () => metrics.write({ EndsSwept: 1 }),
  });
});
