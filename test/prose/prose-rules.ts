/*
 * The rules of plain English that a program can check. CONTRIBUTING.md, "Plain English", explains them; the base is Google's
 * developer documentation style guide. Each rule has examples of texts in which it finds a fault and of texts in which it finds
 * none, and a test checks them.
 */

export interface ProseRule {
  name: string;
  /** What to write instead. */
  advice: string;
  /** What the rule finds in one sentence. Global, so that one sentence can have several. */
  pattern: RegExp;
  wrong: readonly string[];
  right: readonly string[];
}

/** A pattern of whole words, in any case. Each alternative is a regular expression. */
const words = (...alternatives: string[]): RegExp => new RegExp(String.raw`\b(?:${alternatives.join("|")})\b`, "gi");

export const proseRules: readonly ProseRule[] = [
  {
    name: "conditional-where",
    advice: 'write "if" for a condition',
    pattern: /(?:^where\b(?!.*\?$)(?=.*,)|(?:,|;|:|\bonly|\beven|\bexcept|\bbut|\bor) where\b)/gi,
    wrong: [
      "Where the job is gone, a fresh export starts.",
      "A job, where it is gone, is made again.",
      "It is sent only where needed.",
    ],
    right: [
      "If the job is gone, a fresh export starts.",
      "Where is the poll schedule, and the lease?",
      "Where files can come from",
    ],
  },
  {
    name: "double-negation",
    advice: "negate once",
    pattern:
      /\b(?:nobody|no one|nothing|none|never|neither|nowhere|no \w+)\b[^.,;:]*\b(?:not|\w+n't|nobody|nothing|none|never|without)\b|\bnot\b[^.,;:]*\b(?:nobody|nothing|none)\b/gi,
    wrong: [
      "Nobody is served what was not checked.",
      "Nothing lands without a receipt.",
      "It does not ask for nothing.",
    ],
    right: [
      "Only checked documents are served.",
      "It needs neither a key nor an account.",
      "No file lands, and the job is not deleted.",
    ],
  },
  {
    name: "pronoun-riddle",
    advice: "name who acts",
    pattern: words(
      "nobody",
      "whoever",
      "whomever",
      "whosoever",
      "somebody else",
      "anybody",
      "everybody",
      "another's",
      "others'",
    ),
    wrong: ["Whoever holds the lease deletes the job.", "It is another's job."],
    right: ["The holder of the lease deletes the job.", "The job belongs to another request."],
  },
  {
    name: "metaphor",
    advice: "use the technical term",
    pattern: words(
      "troubles?",
      "bury|buried|burying",
      "foreign",
      "dies|died|dying|deaths?",
      String.raw`dead(?!-letter)`,
      "drawers?",
      "doors?",
      "rooms?",
      "hammer(?:s|ed|ing)?",
      "riddles?",
      "stranger'?s?",
      String.raw`(?:is|are|was|were|be|been) told`,
      "brought",
    ),
    wrong: ["A poll that meets trouble is tried again.", "The subscribers are told.", "The process died."],
    right: ["A poll that fails is retried.", "It goes to the dead-letter queue.", "The process ended."],
  },
  {
    name: "archaic",
    advice: "use a common word",
    pattern: words(
      "anew",
      "lest",
      "hence",
      "thus",
      "thereby",
      "thereof",
      "therein",
      "herein",
      "hereby",
      "upon",
      "whilst",
      "amongst",
      "albeit",
      "shall",
      "be it",
      "but for",
      "in vain",
      "spelt",
      "so as to",
    ),
    wrong: ["The manifest is read anew.", "Nothing lands, but for the manifest."],
    right: ["The manifest is read again.", "Only the manifest lands."],
  },
  {
    name: "wordy",
    advice: "use the short form",
    pattern: words(
      "in order to",
      String.raw`(?:is|are|was|were) able to`,
      String.raw`(?:is|are|was|were) to be`,
      String.raw`(?:has|have|had) to be`,
      "due to the fact that",
      "at this point in time",
      "utili[sz]es?",
      "prior to",
      "in the event that",
      "as regards",
      "with regard to",
    ),
    wrong: ["In order to resume, send an event.", "The key has to be registered."],
    right: ["To resume, send an event.", "The key must be registered.", "Register the key."],
  },
  {
    name: "filler",
    advice: "leave the word out",
    pattern: words(
      "please",
      "simply",
      "easily",
      "obviously",
      "of course",
      "basically",
      "just",
      "very",
      "quite",
      "rather",
      "really",
    ),
    wrong: ["Simply run the command.", "This is very fast."],
    right: ["Run the command."],
  },
  {
    name: "abbreviation",
    advice: 'write "for example", "that is" or "and so on"',
    pattern: /\b(?:e\.g|i\.e|etc|viz|cf|resp)\.|\band\/or\b/gi,
    wrong: ["Set a limit, e.g. 5.", "A GET and/or a POST."],
    right: ["Set a limit, for example 5."],
  },
  {
    name: "distributive-a",
    advice: 'write "per" or "each"',
    pattern:
      /\b(?:one|two|three|four|five|once|twice|\d[\d,.]*)(?: (?!(?:of|for|in|from|with|is|are|to|at|as|by|on|ends?|starts|makes|means)\b)\w+){0,2} an? (?:call|caller|container|day|document|event|export|file|function|hour|level|line|message|month|page|patient|request|run|second|session|stage|step|test|user|week)\b(?! \w+ (?:can|has|have|is|are)\b)/gi,
    wrong: ["It is read once a request.", "One export a level runs at a time."],
    right: ["It is read once per request.", "Each file has one child.", "It combines two versions of a file."],
  },
  {
    name: "us-spelling",
    advice: "use American spelling",
    pattern: words(
      String.raw`\w+(?:ognis|horis|maris|malis|ganis|tialis|rialis|nimis|ptimis|ustomis|ynchronis|hasis|tegoris|entralis)(?:e|es|ed|er|ing|ation)`,
      "synthesised?",
      String.raw`(?:behavi|col|fav|hon|neighb)ours?\w*`,
      "licences?",
      "analyse[sd]?",
      "afterwards",
      "towards",
      "whether or not",
      "centres?",
    ),
    wrong: ["The write recognises itself.", "Its behaviour is defined."],
    right: ["The write recognizes itself.", "Its behavior is defined.", "The syntheses of the analysis promise much."],
  },
  {
    name: "term",
    advice: "use the project's spelling: kick-off, timeout, dead-letter queue, retry, output file, CCD, Node.js",
    pattern:
      /\b(?:kickoffs?|time-outs?|[Dd]ead letter queues?|re-(?:try|tries|tried)|output-files?|CCDAs?|ccds?(?= document)|Node JS|NodeJS|Github|Javascript|Typescript|Dynamo DB|Eventbridge|Cloudwatch)\b/g,
    wrong: ["The kickoff failed.", "It goes to the dead letter queue.", "A time-out ends it."],
    right: ["The kick-off failed.", "It goes to the dead-letter queue.", "A timeout ends it.", "Kick off the export."],
  },
];

/** The most words that a sentence has. */
export const longestSentence = 30;

export interface ProseFault {
  rule: string;
  advice: string;
  /** The phrase that was found, or the beginning of the sentence. */
  found: string;
}

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });

/** The sentences of a text, without its line breaks. A full stop within a name (`Node.js`) does not end a sentence. */
export function sentencesOf(text: string): string[] {
  return [...sentences.segment(text.replaceAll(/\s+/g, " "))].map(({ segment }) => segment.trim()).filter(Boolean);
}

/** What the rules find in a text: a paragraph, a heading, a cell of a table or a description. */
export function proseFaults(text: string): ProseFault[] {
  return sentencesOf(text).flatMap((sentence) => {
    const found = proseRules.flatMap(({ name: rule, advice, pattern }) =>
      [...sentence.matchAll(pattern)].map(([phrase]) => ({ rule, advice, found: phrase })),
    );
    const count = sentence.split(" ").filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
    if (count <= longestSentence) return found;
    const advice = `split the sentence: it has ${count} words, and ${longestSentence} are the most`;
    return [...found, { rule: "sentence-length", advice, found: `${sentence.slice(0, 60)}…` }];
  });
}
