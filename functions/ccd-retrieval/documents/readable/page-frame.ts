import { type Html, html, policyHash, trustedHtml } from "#platform/html/html.ts";
import type { DocumentHead } from "./document-head.ts";

const style =
  ":root{color-scheme:light dark}" +
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere;" +
  "color:light-dark(#1b1b1b,#ececec);background:light-dark(#fff,#161616)}" +
  "h1{font-size:1.5rem;line-height:1.3}h2{font-size:1.25rem;margin-top:2rem;border-bottom:1px solid}h3,h4,h5,h6{font-size:1.1rem}" +
  "a{color:light-dark(#00418c,#9cc7ff)}a:focus-visible,.scroll:focus-visible{outline:.2rem solid;outline-offset:.1rem}" +
  "dl{display:grid;grid-template-columns:minmax(7rem,auto) 1fr;gap:.25rem 1rem}dt{font-weight:600}dd{margin:0}" +
  ".notice{border-left:.3rem solid;padding-left:.75rem}.note,.address,.footnote{font-size:.9em}" +
  ".scroll{overflow-x:auto;margin:.75rem 0}.paragraph{margin:.5rem 0}" +
  "table{border-collapse:collapse}th,td{border:1px solid light-dark(#767676,#8c8c8c);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:normal}" +
  "thead{background:light-dark(#efefef,#2b2b2b)}caption,.caption{font-weight:600;text-align:left}" +
  "table.rules-none>*>tr>*{border:0}table.rules-rows>*>tr>*{border-width:1px 0}table.rules-cols>*>tr>*{border-width:0 1px}" +
  "table.rules-groups>*>tr>*{border:0}table.rules-groups>*{border:1px solid}" +
  ".Bold{font-weight:700}.Italics{font-style:italic}.Emphasis{font-style:italic;font-weight:600}.Underline{text-decoration:underline}" +
  ".Lrule.Lrule{border-left:1px solid}.Rrule.Rrule{border-right:1px solid}.Toprule.Toprule{border-top:1px solid}.Botrule.Botrule{border-bottom:1px solid}" +
  ".Arabic{list-style-type:decimal}.LittleRoman{list-style-type:lower-roman}.BigRoman{list-style-type:upper-roman}" +
  ".LittleAlpha{list-style-type:lower-alpha}.BigAlpha{list-style-type:upper-alpha}" +
  ".Disc{list-style-type:disc}.Circle{list-style-type:circle}.Square{list-style-type:square}" +
  ".align-left{text-align:left}.align-center{text-align:center}.align-right{text-align:right}.align-justify{text-align:justify}" +
  ".valign-top{vertical-align:top}.valign-middle{vertical-align:middle}.valign-bottom{vertical-align:bottom}.valign-baseline{vertical-align:baseline}" +
  ".depth-1>:first-child{padding-left:1.5rem}.depth-2>:first-child{padding-left:2.5rem}.depth-3>:first-child{padding-left:3.5rem}.depth-4>:first-child{padding-left:4.5rem}" +
  "img{max-width:100%;height:auto;background:#fff}" +
  "@media print{body{max-width:none;padding:0}nav{display:none}.scroll{overflow:visible}tr{break-inside:avoid}}";

// A value in a template would be escaped, and the browser's hash would differ.
const styleElement = trustedHtml(`<style>${style}</style>`);
const styleSource = policyHash(style);

/** A heading of the page's table of contents. */
export interface ContentsLine {
  id: string;
  /** 1 for a section of the document, 2 for a section inside of it, and so on. */
  level: number;
  title: string;
}

/**
 * The Content-Security-Policy of a page: it loads nothing, and runs no script. Only its own style sheet applies.
 *
 * Source: Content Security Policy Level 3. A `meta` element may hold it, without `frame-ancestors`.
 */
export function pagePolicy(hasImages: boolean): string {
  return [
    "default-src 'none'",
    `style-src ${styleSource}`,
    ...(hasImages ? ["img-src data:"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Everything of a page before its sections. The policy comes first, so that it holds for all that follows. */
export function pageStart(head: DocumentHead, contents: readonly ContentsLine[], hasImages: boolean): Html {
  const facts = head.facts.map(
    ({ label, values }) =>
      html`<dt>${label}</dt><dd>${values.map((value, place) => html`${place > 0 ? ", " : ""}${value}`)}</dd>`,
  );
  return html`<!DOCTYPE html>
<html lang="en">
<head><meta http-equiv="Content-Security-Policy" content="${pagePolicy(hasImages)}"/><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta name="robots" content="noindex"/><meta name="referrer" content="no-referrer"/><title>Clinical document</title>${styleElement}</head>
<body><header><h1>${head.title}</h1>
<p class="notice">This page was derived from the narrative of an HL7 C-CDA document, for reading. The document itself is the XML file.</p>
<dl>${facts}</dl></header>
${contentsList(contents)}
<main${head.language === undefined ? undefined : html` lang="${head.language}"`}>`;
}

function contentsList(contents: readonly ContentsLine[]): Html | undefined {
  if (contents.length === 0) return undefined;
  const lines = contents.map(
    ({ id, level, title }) =>
      html`<li class="depth-${String(Math.min(level - 1, 4))}"><a href="#${id}">${title}</a></li>`,
  );
  return html`<nav aria-label="Contents"><h2>Contents</h2><ul>${lines}</ul></nav>`;
}

/** The end of a page. */
export const pageEnd = "</main></body></html>\n";
