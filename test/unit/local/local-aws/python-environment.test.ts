import { describe, expect, test } from "vitest";
import { findPython } from "#local/local-aws/python-environment.ts";

const installed = (versions: Record<string, string>) => (command: string) => Promise.resolve(versions[command]);

describe("findPython", () => {
  test("python3 is used if it is new enough", async () => {
    const found = await findPython(installed({ python3: "3.10.0", "python3.13": "3.13.1" }));
    expect(found).toEqual({ command: "python3", version: "3.10.0" });
  });

  test("a Python that is too old is skipped", async () => {
    const found = await findPython(installed({ python3: "3.9.18", "python3.12": "3.12.1", python: "3.13.0" }));
    expect(found).toEqual({ command: "python3.12", version: "3.12.1" });
  });

  test.each([
    ["there is none", {}],
    ["all are too old", { python3: "3.9.18", python: "2.7.18" }],
  ])("one sentence says what to install if %s", async (_case, versions) => {
    await expect(findPython(installed(versions))).rejects.toThrow(
      /^integra-bridge needs Python 3\.10 or newer with venv .*apt-get install python3 python3-venv.*again\.$/,
    );
  });
});
