// One set of rules for all packages: typescript-eslint's strictest that know types. The form is prettier's.

import js from "@eslint/js";
import globals from "./eslint.globals.mjs";
import ts from "typescript-eslint";

export default ts.config(
  // What is built or written by tools.
  { ignores: ["**/node_modules", "**/dist", "sdk/docs", "sdk/src/protocol"] },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      // A listener that does one thing may be one line.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "max-lines": ["error", { max: 500 }],
      "max-lines-per-function": ["error", { max: 70 }],
    },
  },
  {
    // A test's body is a list of what happens, one after the other.
    files: ["**/test/**"],
    rules: { "max-lines-per-function": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
  { files: ["**/*.mjs"], languageOptions: { globals } },
);
