import config from "./jest.config.js";

/** The long forms of the tests, one after the other: `npm run chaos`, about five minutes. */
export default { ...config, testMatch: ["**/*.chaos.ts"], maxWorkers: 1, reporters: ["default"] };
