import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { statements } from "../policies.ts";
import { topicArn, variantNames } from "../stage-variants.ts";
import { type Properties, synthesised } from "../synthesised.ts";

interface MetricQuery {
  Id: string;
  Expression?: string;
  ReturnData?: boolean;
  MetricStat?: {
    Stat: string;
    Metric: { Namespace: string; MetricName: string; Dimensions: { Name: string; Value: unknown }[] };
  };
}

const runbook = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "runbook.md"), "utf8");

/** The anchors of the runbook's headings, as GitHub derives them. */
const anchors = new Set(
  [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  ),
);

describe.each(variantNames)("the alarms of %s", (variant) => {
  const synth = synthesised(variant);
  const alarms = synth.resources("AWS::CloudWatch::Alarm");

  /** What the alarms whose id has this name count, as `metric of resource`. */
  const counted = (name: string): string[] =>
    alarms
      .filter(({ id }) => id.startsWith(`FunctionAlarms/${name}`))
      .flatMap(({ Properties: { Metrics } }) => {
        const [sum, ...queries] = Metrics as MetricQuery[];
        expect(sum?.Expression).toBe(queries.map(({ Id }) => `FILL(${Id}, 0)`).join(" + "));
        expect(queries.length).toBeLessThanOrEqual(10);
        return queries.map(({ MetricStat }) => {
          const { MetricName = "", Dimensions = [] } = MetricStat?.Metric ?? {};
          return `${MetricName} of ${Dimensions.map(({ Value }) => JSON.stringify(Value)).join(" ")}`;
        });
      });

  test("each alarm's description leads to a section of the runbook", () => {
    expect(alarms.length).toBeGreaterThan(10);
    for (const { id, Properties } of alarms) {
      const [, anchor = ""] = /See docs\/runbook\.md#([\w-]+)\.$/.exec(String(Properties["AlarmDescription"])) ?? [];
      expect([id, anchors.has(anchor)]).toEqual([id, true]);
    }
  });

  // The local AWS has no alarms that count sums.
  const watched = variant !== "local";

  test("the throttles of every function are watched, except on the local AWS", () => {
    const functions = synth
      .resources("AWS::Lambda::Function")
      .filter(({ Properties }) => JSON.stringify(Properties).includes("POWERTOOLS_SERVICE_NAME"));
    const expected = watched ? functions.map(({ id }) => `Throttles of "<${id}>"`) : [];
    expect(counted("Throttled").toSorted()).toEqual(expected.toSorted());
  });

  test("every function with a failure destination, and every rule and schedule with a dead-letter queue is watched, except on the local AWS", () => {
    const lost = counted("DeadLettersLost");
    // A sweeper has no destination: the next sweep finds what a failed one left.
    const destinations = synth
      .resources("AWS::Lambda::EventInvokeConfig")
      .filter(({ Properties }) => Properties["DestinationConfig"] !== undefined);
    expect(destinations).toHaveLength(5);
    expect(lost.filter((metric) => metric.startsWith("DestinationDeliveryFailures"))).toHaveLength(watched ? 5 : 0);
    const rules = synth
      .resources("AWS::Events::Rule")
      .filter(({ stack }) => stack === "export" || stack === "documents");
    expect(rules).toHaveLength(5);
    expect(lost.filter((metric) => metric.startsWith("InvocationsFailedToBeSentToDlq"))).toHaveLength(watched ? 5 : 0);
    // Metrics of Scheduler belong to a group, so every schedule must be in a group of the stage.
    const schedules = synth.resources("AWS::Scheduler::Schedule");
    const groups = new Set(schedules.map(({ Properties: { GroupName } }) => String(GroupName)));
    expect(schedules.length).toBeGreaterThanOrEqual(2);
    expect([...groups].toSorted()).toEqual(
      synth
        .resources("AWS::Scheduler::ScheduleGroup")
        .map(({ Properties: { Name } }) => String(Name))
        .toSorted(),
    );
    const expected = [...groups].map(
      (group) => `InvocationsFailedToBeSentToDeadLetterCount of ${JSON.stringify(group)}`,
    );
    expect(lost.filter((metric) => metric.includes("DeadLetterCount")).toSorted()).toEqual(
      watched ? expected.toSorted() : [],
    );
  });

  test("the API's errors are watched", () => {
    const { Properties } = synth.resource("AWS::CloudWatch::Alarm", "ApiErrors");
    expect(Properties).toMatchObject({
      Namespace: "AWS/ApiGateway",
      MetricName: "5xx",
      Statistic: "Sum",
      Threshold: 5,
      Dimensions: [{ Name: "ApiId", Value: "<OnDemand/Api>" }],
    });
  });

  test("somebody hears if the key is disabled, through a topic that this key does not encrypt", () => {
    const { EventPattern, Targets } = synth.resource("AWS::Events::Rule", "KeyDisabled").Properties;
    expect(EventPattern).toMatchObject({
      source: ["aws.kms"],
      detail: { eventName: ["DisableKey", "ScheduleKeyDeletion"], resources: { ARN: ["<Key>"] } },
    });
    const own = variant !== "prod with a topic of the user's";
    expect((Targets as Properties[])[0]?.["Arn"]).toBe(own ? "<NoticeTopic>" : topicArn);
    if (!own) return;
    expect(synth.resource("AWS::SNS::Topic", "NoticeTopic").Properties["KmsMasterKeyId"]).toBeUndefined();
    const policy = synth.resource("AWS::SNS::TopicPolicy", "NoticeTopic").Properties["PolicyDocument"];
    expect(statements(policy).filter(({ Effect }) => Effect === "Allow")).toEqual([
      expect.objectContaining({ Principal: { Service: "events.amazonaws.com" }, actions: ["sns:Publish"] }),
    ]);
  });

  test("the address of the settings gets the message about the key", () => {
    const subscribed = synth
      .resources("AWS::SNS::Subscription", "landing")
      .filter(({ Properties: { TopicArn } }) => TopicArn === "<NoticeTopic>")
      .map(({ Properties }) => Properties["Endpoint"]);
    const mailed = variant === "prod" || variant === "prod with every option";
    expect(subscribed).toEqual(mailed ? ["on-call@example.org"] : []);
  });
});
