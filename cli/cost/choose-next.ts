/** The fields of a state that its routing needs. */
export interface RoutedState {
  Type: string;
  Next?: string;
  Default?: string;
  Choices?: ChoiceRule[];
}

/** A rule of a Choice. Its comparison is a member with the operator's name (`StringEquals`, `IsPresent`, …). */
interface ChoiceRule extends Record<string, unknown> {
  Variable: string;
  Next: string;
}

/**
 * The state that follows a state that did not fail, for an input; undefined if it is the last one.
 *
 * Source: Amazon States Language, "Choice State". It has the comparisons that the definitions use.
 * @throws Error for another comparison
 */
export function chooseNext({ Choices = [], Default, Next }: RoutedState, input: object): string | undefined {
  return Choices.find((rule) => holds(rule, input))?.Next ?? Default ?? Next;
}

function holds(rule: ChoiceRule, input: object): boolean {
  const value = at(input, rule.Variable);
  const [operator, operand] = Object.entries(rule).find(([name]) => !/^(Variable|Next)$/.test(name)) ?? [];
  switch (operator) {
    case "StringEquals":
    case "NumericEquals":
    case "BooleanEquals":
      return value === operand;
    case "NumericGreaterThanEqualsPath":
      return Number(value) >= Number(at(input, String(operand)));
    case "IsPresent":
      return (value !== undefined) === operand;
    default:
      throw new Error(`the comparison ${operator} of a Choice is not known here: add it to chooseNext`);
  }
}

function at(input: object, path: string): unknown {
  return path
    .split(".")
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], input);
}
