// Runs scenarios with one of the clients and tells their test what each has seen, in lines of JSON.
//
// The first line of stdin is { file }: which file has the scenarios. Each line after it is one to
// run: [function, { baseURL, apiKey }, about], with what connects its client and what else it is
// about. Lines of stdout are { result }, with { seen } or { failure }.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// stdout is the test's alone; clients write warnings there.
console.log = console.info = console.error;

// What fails is told where it is awaited. A client may have made promises beside that.
process.on("unhandledRejection", () => {});

async function hear() {
	const { value, done } = await lines.next();
	if (done)
		process.exit(0);
	return JSON.parse(value);
}

async function run(scenario, access, about) {
	try {
		return { seen: (await scenario(access, about)) ?? null };
	} catch (error) {
		return { failure: error?.stack ?? String(error) };
	}
}

const { file } = await hear();
const scenarios = await import(new URL(file, import.meta.url));
for (;;) {
	const [name, access, about] = await hear();
	const result = await run(scenarios[name], access, about);
	process.stdout.write(JSON.stringify({ result }) + "\n");
}
