/*
 * The public on-demand prices of AWS in us-east-1, in US dollars, without the free tier and without discounts. They were
 * written down in November 2026. Those of Step Functions, Lambda, S3 and EventBridge were compared with copies of AWS's pages or with
 * articles about them. Those of logs, NAT and DynamoDB were not compared. The command does not fetch prices: compare them with the pages before
 * you plan a budget.
 */

export interface Price {
  /** US dollars for one unit. */
  dollars: number;
  /** The page where AWS lists the current price. */
  source: string;
}

export const pricesAsOf = "prices written down in November 2026";

export const prices = {
  /** A state transition of a standard workflow: $0.025 per 1,000. */
  stateTransitions: { dollars: 0.025 / 1_000, source: "https://aws.amazon.com/step-functions/pricing/" },
  /** A call of a function: $0.20 per million. */
  functionCalls: { dollars: 0.2 / 1_000_000, source: "https://aws.amazon.com/lambda/pricing/" },
  /** A second of a function with 1,024 MiB on arm64. */
  gibSeconds: { dollars: 0.0000133334, source: "https://aws.amazon.com/lambda/pricing/" },
  /** A PUT, COPY, POST or LIST: $0.005 per 1,000. */
  s3Writes: { dollars: 0.005 / 1_000, source: "https://aws.amazon.com/s3/pricing/" },
  /** A GET or HEAD: $0.0004 per 1,000. An answer of 404 costs as much. */
  s3Reads: { dollars: 0.0004 / 1_000, source: "https://aws.amazon.com/s3/pricing/" },
  /** A write of at most 1 KB to a table on demand: $0.625 per million. */
  ledgerWrites: { dollars: 0.625 / 1_000_000, source: "https://aws.amazon.com/dynamodb/pricing/" },
  /** A custom event of at most 64 KB: $1 per million. */
  events: { dollars: 1 / 1_000_000, source: "https://aws.amazon.com/eventbridge/pricing/" },
  /** A GiB of logs, when it is written. */
  logGib: { dollars: 0.5, source: "https://aws.amazon.com/cloudwatch/pricing/" },
  /** A GiB that passes a NAT gateway. */
  natGib: { dollars: 0.045, source: "https://aws.amazon.com/vpc/pricing/" },
} satisfies Record<string, Price>;

/** A GiB in S3 Standard for a month, in the first 50 TB. */
export const storagePrice: Price = { dollars: 0.023, source: "https://aws.amazon.com/s3/pricing/" };
