import { describe, expect, it } from "vitest";
import { longestSentence, proseFaults, proseRules, sentencesOf } from "#test/prose/prose-rules.ts";

const sentence = (count: number): string => `${Array.from({ length: count }, () => "word").join(" ")}.`;
const rulesThatFind = (text: string): string[] => proseFaults(text).map(({ rule }) => rule);

describe("the prose rules", () => {
  it.each(proseRules.flatMap(({ name, wrong }) => wrong.map((text) => [name, text] as const)))(
    "the rule %s finds a fault in: %s",
    (name, text) => {
      expect(rulesThatFind(text)).toContain(name);
    },
  );

  it.each(proseRules.flatMap(({ name, right }) => right.map((text) => [name, text] as const)))(
    "the rule %s finds no fault in: %s",
    (name, text) => {
      expect(rulesThatFind(text)).not.toContain(name);
    },
  );

  it("a sentence may have as many words as the limit, and not one more", () => {
    expect(rulesThatFind(sentence(longestSentence))).toEqual([]);
    expect(rulesThatFind(sentence(longestSentence + 1))).toEqual(["sentence-length"]);
  });

  it("the words of each sentence are counted separately", () => {
    expect(sentencesOf("It runs on Node.js 24.\nCode starts it. Is it fast? Yes.")).toEqual([
      "It runs on Node.js 24.",
      "Code starts it.",
      "Is it fast?",
      "Yes.",
    ]);
  });
});
