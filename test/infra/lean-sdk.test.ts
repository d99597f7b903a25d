import { describe, expect, test } from "vitest";
import { withLiteralKeys } from "#infra/lean-sdk.ts";

describe("the keys of the SDK's schemas", () => {
  test("a key that is a constant of the module becomes its text", () => {
    const source = 'const _h = "http";\nexport var A$ = [9, n0, _A, { [_h]: ["GET", "/", 200], [_s]: 1 }];\n';
    expect(withLiteralKeys(`const _s = "smithy.x#y";\n${source}`)).toBe(
      `const _s = "smithy.x#y";\n${source.replace("[_h]", '"http"').replace("[_s]", '"smithy.x#y"')}`,
    );
  });

  test("a key that is computed in another way stays, and so does an element of an array", () => {
    const source =
      'const _h = "http";\nconst _i = "a" + b;\nexport var A$ = [{ [_i]: 1, [other]: 2, [_h + 1]: 3 }, [_h]];\n';
    expect(withLiteralKeys(source)).toBe(source);
  });
});
