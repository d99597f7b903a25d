import { parseArgs } from "node:util";
import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { S3Client } from "@aws-sdk/client-s3";
import { buildConsole } from "#console/build-console.ts";
import { publishConsole } from "./console/publish-console.ts";
import { outputsOf } from "./stage-outputs.ts";

const usage = `usage: npm run console -- --stage <stage>

Builds the web console, and puts its files into the bucket of a deployed stage, with your AWS credentials. They need
cloudformation:DescribeStacks, and s3:PutObject on the bucket.

--stage  a stage that was deployed with the setting console`;

const { values } = parseArgs({ options: { stage: { type: "string" } } });
const { stage } = values;
if (stage === undefined) {
  console.error(usage);
  process.exit(64);
}
const output = outputsOf(new CloudFormationClient({}), stage);
const [bucket, config, url] = await Promise.all([
  output("console", "BucketName"),
  output("console", "Config"),
  output("console", "ConsoleUrl"),
]);
const keys = await publishConsole({ s3: new S3Client({}), build: buildConsole, bucket, config });
console.log(`${keys.length} files are in ${bucket}. The console is at ${url}`);
