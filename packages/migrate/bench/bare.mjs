// The floor of every no-op run: node bare.mjs <url> connects and runs one query.
import pg from "pg";

const client = new pg.Client({ connectionString: process.argv[2] });
await client.connect();
await client.query("select 1");
await client.end();
