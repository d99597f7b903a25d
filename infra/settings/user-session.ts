import type * as z from "zod";
import { smartSettings } from "#user-session/language/smart-settings.ts";
import { serverUrl } from "./server-url.ts";

/** Bytes of the settings as JSON. Lambda limits all variables of a function to 4 KB (AWS Lambda, "Quotas"). */
const mostBytes = 2_000;

/** SMART launches: how people link the bridge to their accounts. */
export const smart = smartSettings.prefault({}).superRefine((settings, context) => {
  const fault = (message: string, path: (string | number)[]) => context.addIssue({ code: "custom", message, path });
  const requireUrl = (url: string | undefined, path: (string | number)[]) => {
    const faults = url === undefined ? [] : (serverUrl.safeParse(url).error?.issues ?? []);
    for (const { message } of faults) fault(message, path);
  };
  settings.returnUrls.forEach((url, index) => requireUrl(url, ["returnUrls", index]));
  settings.ehrLaunches.forEach(({ returnUrl }, index) => requireUrl(returnUrl, ["ehrLaunches", index, "returnUrl"]));
  settings.authorizationOrigins.forEach((url, index) => {
    const path = ["authorizationOrigins", index];
    requireUrl(url, path);
    if (URL.parse(url)?.href !== `${URL.parse(url)?.origin}/`)
      fault("must be an origin, without a path or query", path);
  });
  settings.ehrLaunches.forEach(({ name }, index) => {
    if (settings.ehrLaunches.findIndex((other) => other.name === name) !== index)
      fault(`the name ${name} is taken`, ["ehrLaunches", index, "name"]);
  });
  if (Buffer.byteLength(JSON.stringify(settings)) > mostBytes)
    fault(`needs more than ${mostBytes} bytes as JSON: use fewer or shorter entries`, []);
});

export type SmartSettings = z.infer<typeof smart>;
