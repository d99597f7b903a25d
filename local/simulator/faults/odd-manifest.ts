import { type Manifest, type ManifestEntry } from "#local/simulator/bulk-export/manifest.ts";
import type { ManifestChange } from "#local/simulator/faults/fault-schema.ts";
import { withTrace } from "#local/simulator/http/traced-url.ts";

/** The data that changes of a manifest need. */
export interface ManifestPlace {
  /** The URL of the requested page. */
  readonly selfUrl: string;
  /** The numbers of lines of the files in `output`, in its order. */
  readonly lines: readonly number[];
}

const HOUR_MS = 3_600_000;
const ZONE = /(?:Z|[+-]\d\d:\d\d)$/;

const CHANGES: Readonly<Record<ManifestChange, (manifest: Manifest, place: ManifestPlace) => object>> = {
  "members-as-texts": (manifest) => ({
    ...manifest,
    requiresAccessToken: String(manifest.requiresAccessToken),
    output: manifest.output.map((entry) =>
      entry.count === undefined ? entry : { ...entry, count: String(entry.count) },
    ),
  }),
  "no-output": ({ output: _output, ...rest }) => rest,
  "entry-without-url": (manifest) => withLastEntry(manifest, ({ url: _url, ...rest }) => [rest]),
  "zone-less-time": (manifest) => ({
    ...manifest,
    transactionTime: new Date(manifest.transactionTime).toISOString().replace(ZONE, ""),
  }),
  "future-time": (manifest) => ({ ...manifest, transactionTime: new Date(Date.now() + HOUR_MS).toISOString() }),
  "far-future-time": (manifest) => ({ ...manifest, transactionTime: "2036-02-07T06:28:15Z" }),
  "pipe-in-urls": ({ output, link, ...rest }) => ({
    ...rest,
    output: output.map((entry) => ({ ...entry, url: withTrace(entry.url) })),
    ...(link === undefined ? {} : { link: link.map((one) => ({ ...one, url: withTrace(one.url) })) }),
  }),
  "count-too-small": (manifest, place) => withLastCount(manifest, place, -1),
  "count-too-large": (manifest, place) => withLastCount(manifest, place, 1),
  "next-page-is-itself": (manifest, { selfUrl }) => ({ ...manifest, link: [{ relation: "next", url: selfUrl }] }),
  "doubled-entry": (manifest) => withLastEntry(manifest, (entry) => [entry, entry]),
  "lower-case-types": (manifest) => ({
    ...manifest,
    output: manifest.output.map((entry) => ({ ...entry, type: entry.type.toLowerCase() })),
  }),
};

/** The manifest with one change that real servers have made. */
export function changeManifest(manifest: Manifest, change: ManifestChange, place: ManifestPlace): object {
  return CHANGES[change](manifest, place);
}

function withLastEntry(manifest: Manifest, change: (entry: ManifestEntry) => readonly object[]): object {
  return { ...manifest, output: [...manifest.output.slice(0, -1), ...manifest.output.slice(-1).flatMap(change)] };
}

function withLastCount(manifest: Manifest, { lines }: ManifestPlace, difference: number): object {
  return withLastEntry(manifest, (entry) => [{ ...entry, count: (lines.at(-1) ?? 0) + difference }]);
}
