export { default } from "@plinth/jest-config";
