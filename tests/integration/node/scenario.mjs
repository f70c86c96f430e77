// Runs one scenario with OpenAI's SDK and tells its test what it saw, in lines of JSON.
//
// The first line of stdin is { modules, file, scenario, client, request }: where the SDK is, which
// function of which file to call, the options of the SDK's client, and what the scenario is about.
// Lines after it are what the test says meanwhile: hear(). Lines of stdout are { said } for each
// say(), and at the end { result } or { failure }.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function hear() {
	const { value, done } = await lines.next();
	if (done)
		process.exit(1); // the test is gone
	return JSON.parse(value);
}

function write(message) {
	return new Promise((done) => process.stdout.write(JSON.stringify(message) + "\n", done));
}

const task = await hear();
// Another file of the package.
const load = (path) => import(pathToFileURL(`${task.modules}/openai/${path}.mjs`));
const { default: OpenAI } = await load("index");
const scenarios = await import(new URL(task.file, import.meta.url));
const context = {
	OpenAI,
	load,
	client: new OpenAI(task.client),
	say: (value) => write({ said: value }),
	hear,
};

try {
	const result = await scenarios[task.scenario](context, task.request);
	await write({ result: result ?? null });
} catch (error) {
	await write({ failure: error?.stack ?? String(error) });
}
process.exit(0);
