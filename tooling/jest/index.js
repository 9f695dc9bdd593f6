import { fileURLToPath } from "node:url";

/** The jest preset of every package: native ESM, TypeScript stripped by swc, tests beside the source. */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/src"],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "/fixtures/"],
  extensionsToTreatAsEsm: [".ts"],
  // Real servers, real processes: a test may take long on a busy machine, and none asserts how long.
  testTimeout: 60_000,
  // The last word is the results': no leftover of a test may hold up a run that is over.
  forceExit: true,
  reporters: ["default", fileURLToPath(new URL("./count-reporter.js", import.meta.url))],
  transform: {
    "\\.ts$": [
      fileURLToPath(import.meta.resolve("@swc/jest")),
      {
        module: { type: "es6" },
        jsc: { target: "es2023", parser: { syntax: "typescript" } },
        sourceMaps: "inline",
      },
    ],
  },
};
