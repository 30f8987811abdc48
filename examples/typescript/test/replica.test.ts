import test from "node:test";
import * as library from "../src/index.js";
import { check } from "./model.js";

const seed = Number(process.env["NOTES_TEST_SEED"] ?? 1);
const runs = Number(process.env["NOTES_TEST_SCHEDULES"] ?? 300);

test("both_devices_end_with_what_the_server_has_and_no_text_is_lost", () => check(library, runs, seed));
