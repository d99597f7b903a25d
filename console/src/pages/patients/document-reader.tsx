import { useEffect, useRef } from "preact/hooks";
import type { OpenDocument } from "./ccd-desk.ts";

interface PolicyFactory {
  createPolicy(name: string, rules: { createHTML: (html: string) => string }): { createHTML(html: string): string };
}

/**
 * The only place where text becomes HTML (W3C, "Trusted Types"). It is safe because it ends in a frame without rights. A browser without
 * Trusted Types needs no policy.
 */
const documentPage = (window as { trustedTypes?: PolicyFactory }).trustedTypes?.createPolicy("document-page", {
  createHTML: (html) => html,
});

/**
 * The links inside of the page lead to its own frame. A frame that gets its page as text has the base URL of the console, so a plain
 * `#place` would load the console into it. The page has no other text of this form: its quotation marks are escaped.
 */
const withOwnLinks = (html: string): string => html.replaceAll('href="#', 'href="about:srcdoc#');

/**
 * A document as the API's page. The frame has an origin of its own and runs no script: it can reach neither the console nor its
 * token. The page's own Content-Security-Policy, which is its first element, holds as well.
 */
export function DocumentReader({ document, close }: { document: OpenDocument; close: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const html = withOwnLinks(document.html);
  return (
    <section class="reader" aria-labelledby="document">
      <p>
        <button type="button" onClick={close}>
          Back to the patients
        </button>
      </p>
      <h1 id="document" ref={heading} tabIndex={-1}>
        {document.title}
      </h1>
      <p>
        {document.patient.name}
        {document.patient.birthDate !== undefined && `, born ${document.patient.birthDate}`}
      </p>
      <iframe
        sandbox=""
        referrerpolicy="no-referrer"
        srcdoc={documentPage?.createHTML(html) ?? html}
        title={`Document: ${document.title}`}
      />
    </section>
  );
}
