export { contract } from "./procedures.gen.ts";
