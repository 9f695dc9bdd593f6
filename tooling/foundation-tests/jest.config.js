import preset from "@plinth/jest-config";

// Two releases of one package lie side by side: jest must not take them for one.
export default { ...preset, modulePathIgnorePatterns: ["/fixtures/people-\\d/package.json$"] };
