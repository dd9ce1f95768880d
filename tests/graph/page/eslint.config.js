// What ESLint holds all scripts of the repository to: no likely mistakes, and the house style in numbers. The gate runs
// it, from the root of the repository; it needs no package but ESLint itself.

const words = (text) => text.trim().split(/\s+/);
const globals = (text) => Object.fromEntries(words(text).map((name) => [name, "readonly"]));
const rules = (text) => Object.fromEntries(words(text).map((name) => [name, "error"]));

// What browsers and Node have alike, so that a script can be tested without a browser.
const ANYWHERE =
  "atob Blob clearInterval DecompressionStream performance Response setInterval setTimeout URL URLSearchParams";
const BROWSER =
  "addEventListener document Event getComputedStyle history Image location matchMedia navigator Node Option " +
  "parent removeEventListener requestAnimationFrame XMLSerializer";
const NODE = "process";
const GUIDE = "innerHeight IntersectionObserver localStorage MutationObserver";

const MISTAKES = rules(`
  array-callback-return block-scoped-var consistent-return for-direction getter-return no-async-promise-executor
  no-case-declarations no-class-assign no-compare-neg-zero no-cond-assign no-const-assign no-constant-binary-expression
  no-constant-condition no-control-regex no-debugger no-dupe-args no-dupe-else-if no-dupe-keys no-duplicate-case
  no-duplicate-imports no-empty no-empty-character-class no-empty-pattern no-eval no-ex-assign no-fallthrough
  no-func-assign no-global-assign no-implied-eval no-import-assign no-invalid-regexp no-irregular-whitespace
  no-loop-func no-loss-of-precision no-misleading-character-class no-promise-executor-return no-prototype-builtins
  no-redeclare no-self-assign no-self-compare no-sequences no-shadow no-shadow-restricted-names no-sparse-arrays
  no-template-curly-in-string no-throw-literal no-unassigned-vars no-undef no-unexpected-multiline no-unreachable
  no-unsafe-finally no-unsafe-negation no-unsafe-optional-chaining no-unused-expressions no-unused-vars
  no-useless-assignment no-useless-catch no-useless-escape no-with require-await use-isnan valid-typeof
`);

const STYLE = {
  ...rules(`
    arrow-body-style dot-notation eqeqeq no-else-return no-lonely-if no-nested-ternary no-unneeded-ternary
    no-useless-rename no-useless-return no-var object-shorthand operator-assignment prefer-arrow-callback prefer-const
    prefer-rest-params prefer-spread
  `),
  complexity: ["error", 12],
  "max-depth": ["error", 3],
  "max-len": ["error", { code: 120 }],
  "max-lines": ["error", 300],
  "max-lines-per-function": ["error", 40],
  "max-params": ["error", 5],
  "no-use-before-define": ["error", { functions: false }],
  "one-var": ["error", "never"], // the page is put together by the names at the beginnings of lines
};

const language = (names, sourceType = "module") => ({ ecmaVersion: "latest", sourceType, globals: globals(names) });

export default [
  { linterOptions: { reportUnusedDisableDirectives: "error" }, rules: { ...MISTAKES, ...STYLE } },
  { files: ["tinygrad_tf/**/*.js"], languageOptions: language(`${ANYWHERE} ${BROWSER}`) },
  { files: ["demos/**/*.js"], languageOptions: language(`${ANYWHERE} ${BROWSER} ${GUIDE}`, "script") },
  { files: ["tests/**/*.js"], languageOptions: language(`${ANYWHERE} ${NODE}`) },
  // run in an open page, whose own functions they use
  { files: ["tests/**/checks.js"], languageOptions: language(`${ANYWHERE} ${BROWSER} app routesTo`, "script") },
];
