import { describe, expect, test } from "vitest";
import { allowedTo, asLines, functionsOf } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

const everyOption = "prod with every option";

const linesOf = (variant: (typeof variantNames)[number], name: string): string[] => {
  const synth = synthesised(variant);
  const [, lambda] = functionsOf(synth).find(([known]) => known === name) ?? [];
  return asLines(allowedTo(synth, lambda?.Properties["Role"])).filter((line) => !/^(logs|xray|ec2):/.test(line));
};

describe.each(variantNames)("the client's keys in %s", (variant) => {
  const synth = synthesised(variant);
  const stage = variant.split(" ")[0];
  const inKms = variant === everyOption;

  test("the function that serves the public keys can read nothing but the public keys", () => {
    expect(linesOf(variant, "jwks")).toEqual(["dynamodb:GetItem → Ledger", "kms:Decrypt → Key"]);
  });

  test("the function that rotates reaches the client's secret, its keys and the public key set only", () => {
    const secret = `secret:integra-bridge/${stage}/client-??????`;
    const keys = inKms ? ["ClientKeys/first", "ClientKeys/second"] : [];
    expect(linesOf(variant, "rotate-key")).toEqual(
      [
        "dynamodb:GetItem → Ledger",
        "dynamodb:PutItem → Ledger",
        "kms:Decrypt → Key",
        "kms:GenerateDataKey → Key",
        ...["kms:GetPublicKey", "kms:Sign"].flatMap((action) => keys.map((key) => `${action} → ${key}`)),
        ...["GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"].map(
          (action) => `secretsmanager:${action} → ${secret}`,
        ),
      ].toSorted(),
    );
  });

  test("only the functions of the client may sign with its keys in KMS, and with no other key", () => {
    const signing = functionsOf(synth).flatMap(([name, { Properties }]) => {
      const lines = asLines(allowedTo(synth, Properties["Role"])).filter((line) => line.startsWith("kms:Sign"));
      // A client of the same stage that signs with the client's keys finds them by their tag (lambda-functions.test.ts).
      const byTag = lines.length === 1 && lines[0] === "kms:Sign → key/*";
      return lines.length === 0 || byTag ? [] : [[name, lines] as const];
    });
    const withClient = functionsOf(synth).filter(([, { Properties }]) =>
      JSON.stringify(Properties["Environment"]).includes('"CLIENT_SECRET"'),
    );
    // This function only examines the client.
    const asClient = withClient.map(([name]) => name).filter((name) => name !== "health");
    expect(signing.map(([name]) => name)).toEqual(inKms ? asClient : []);
    for (const [, lines] of signing)
      expect(lines).toEqual(["kms:Sign → ClientKeys/first", "kms:Sign → ClientKeys/second"]);
  });
});

describe("the schedule of a rotation", () => {
  test("Secrets Manager rotates the client's secret at the interval of the setting, and not at the deployment", () => {
    const [schedule, ...others] = synthesised(everyOption).resources("AWS::SecretsManager::RotationSchedule");
    expect(others).toEqual([]);
    expect(schedule?.Properties).toEqual({
      SecretId: "integra-bridge/prod/client",
      RotationLambdaARN: "<KeyRotation/RotateKey/Function>",
      RotationRules: { ScheduleExpression: "rate(90 days)" },
      RotateImmediatelyOnUpdate: false,
    });
  });

  test("only Secrets Manager, for this account, may invoke the function that rotates", () => {
    const permissions = synthesised(everyOption)
      .resources("AWS::Lambda::Permission")
      .filter(({ id }) => id.startsWith("KeyRotation/"));
    expect(permissions.map(({ Properties }) => Properties)).toEqual([
      {
        Action: "lambda:InvokeFunction",
        FunctionName: "<KeyRotation/RotateKey/Function>",
        Principal: "secretsmanager.amazonaws.com",
        SourceAccount: "<account>",
      },
    ]);
  });

  test.each(["local", "dev", "prod"] as const)("%s has no schedule, because the operator has to agree", (variant) => {
    expect(synthesised(variant).resources("AWS::SecretsManager::RotationSchedule")).toEqual([]);
  });
});

test("a key in KMS signs only, is of the kind of the setting, and stays if the stack is deleted", () => {
  const keys = synthesised(everyOption)
    .resources("AWS::KMS::Key")
    .filter(({ id }) => id.startsWith("ClientKeys/"));
  expect(keys.map(({ id }) => id)).toEqual(["ClientKeys/first", "ClientKeys/second"]);
  for (const { Properties, DeletionPolicy } of keys) {
    expect(Properties).toMatchObject({ KeySpec: "RSA_4096", KeyUsage: "SIGN_VERIFY" });
    expect(DeletionPolicy).toBe("RetainExceptOnCreate");
  }
});
