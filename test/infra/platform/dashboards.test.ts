import { describe, expect, test } from "vitest";
import { exportMetrics } from "#bulk-export/language/export-metrics.ts";
import { ccdMetrics } from "#ccd-retrieval/language/ccd-metrics.ts";
import type { WingMetrics } from "#platform/lambda/wing-metrics.ts";
import { sessionMetrics } from "#user-session/language/session-metrics.ts";
import { stageVariants, variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

interface Shown {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
}

interface Widget {
  type: string;
  properties: { title?: string; markdown?: string; metrics?: unknown[][] };
}

const wings: readonly WingMetrics[] = [exportMetrics, ccdMetrics, sessionMetrics];
const allMetrics = wings.flatMap(({ service, metrics }) => Object.keys(metrics).map((name) => `${service} ${name}`));

/** A row of a widget's metrics. The dashboard's own shorthand repeats what the row before has: "." for a part, "..." for the rest. */
function shownBy(rows: unknown[][]): Shown[] {
  let before: string[] = [];
  return rows.flatMap((row) => {
    const parts = row.filter((part): part is string => typeof part === "string");
    if (parts.length === 0) return [];
    const whole =
      parts[0] === "..."
        ? [...before.slice(0, before.length - parts.length + 1), ...parts.slice(1)]
        : parts.map((part, index) => (part === "." ? (before[index] ?? "") : part));
    before = whole;
    const [namespace = "", name = "", ...pairs] = whole;
    const dimensions: Record<string, string> = {};
    for (let at = 0; at < pairs.length; at += 2) dimensions[pairs[at] ?? ""] = pairs[at + 1] ?? "";
    return [{ namespace, name, dimensions }];
  });
}

const expressionsOf = (rows: unknown[][]): string[] =>
  rows.flatMap((row) => row.flatMap((part) => (part as { expression?: string }).expression ?? []));

describe.each(variantNames)("the dashboards of %s", (variant) => {
  const synth = synthesised(variant);
  const namespace = `integra-bridge/${stageVariants[variant].stage}`;
  const dashboards = synth.resources("AWS::CloudWatch::Dashboard").map(({ Properties, stack }) => {
    const { widgets } = JSON.parse(String(Properties["DashboardBody"])) as { widgets: Widget[] };
    return { stack, name: Properties["DashboardName"], widgets };
  });
  const rows = dashboards.flatMap(({ widgets }) => widgets.flatMap(({ properties }) => [properties.metrics ?? []]));
  const shown = rows.flatMap(shownBy);
  const searches = rows.flatMap(expressionsOf).filter((expression) => expression.startsWith("SEARCH"));

  test("there is one for each stack that has functions, with a name that is known before", () => {
    expect(dashboards.map(({ stack, name }) => [stack, name])).toEqual([
      ["api", `integra-bridge-${stageVariants[variant].stage}-api`],
      ["documents", `integra-bridge-${stageVariants[variant].stage}-ccds`],
      ["export", `integra-bridge-${stageVariants[variant].stage}-exports`],
    ]);
  });

  test("the metrics of ours that they show are those that the functions write, in the functions' namespace", () => {
    const ours = shown.filter((one) => !one.namespace.startsWith("AWS/"));
    expect(ours.length).toBeGreaterThan(8);
    for (const { namespace: of, name, dimensions } of ours) {
      expect(of).toBe(namespace);
      const { service = "", ...others } = dimensions;
      expect(allMetrics).toContain(`${service} ${name}`);
      // The metric with a dimension of its own has no values without it.
      expect(others).toEqual({});
      expect(wings.find((wing) => wing.service === service)?.metrics[name]?.by).toBeUndefined();
    }
  });

  test("metrics by fault are searched for by the dimensions that the functions write", () => {
    const wanted = wings.flatMap(({ service, metrics }) =>
      Object.entries(metrics).flatMap(([name, { by }]) =>
        by === undefined ? [] : [`{"${namespace}","service","${by}"} MetricName="${name}" service="${service}"`],
      ),
    );
    expect(searches.toSorted()).toEqual(wanted.map((search) => `SEARCH('${search}', 'Sum', 300)`).toSorted());
  });

  test("each metric that a function writes is on a dashboard", () => {
    const plain = shown.map(({ name, dimensions }) => `${dimensions["service"]} ${name}`);
    const split = searches.map((search) => /MetricName="(\w+)" service="([\w-]+)"/.exec(search) ?? []);
    const found = new Set([...plain, ...split.map(([, name, service]) => `${service} ${name}`)]);
    expect(allMetrics.filter((name) => !found.has(name))).toEqual([]);
  });

  test("the metrics of AWS belong to resources of this stage, except for the transitions of the account", () => {
    const names = new Set(synth.everyResource().map(({ id }) => id));
    const aws = shown.filter((one) => one.namespace.startsWith("AWS/"));
    expect(aws.length).toBeGreaterThan(50);
    for (const { namespace: of, dimensions } of aws) {
      if (of === "AWS/States" && dimensions["ServiceMetric"] !== undefined) continue;
      for (const value of Object.values(dimensions)) {
        const [, id] = /^<(.+?)(\.\w+)?>$/.exec(value) ?? [];
        expect(names).toContain(id);
      }
    }
  });

  test("each function is watched for throttles and errors, by its name", () => {
    const functions = synth
      .resources("AWS::Lambda::Function")
      .filter(({ id, stack }) => id.endsWith("/Function") && stack !== "landing");
    for (const metric of ["Throttles", "Errors", "Duration"]) {
      const watched = shown
        .filter((one) => one.namespace === "AWS/Lambda" && one.name === metric)
        .map((one) => one.dimensions["FunctionName"]);
      expect(new Set(watched)).toEqual(new Set(functions.map(({ id }) => `<${id}>`)));
    }
  });
});
