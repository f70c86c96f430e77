// A client of the Responses API that does not know what its models' providers speak.
import { pollToEnd, sleep } from "./sdk.mjs";

const ENDS = ["response.completed", "response.incomplete", "response.failed"];

const WEATHER = {
	type: "object",
	properties: { city: { type: "string" }, degrees: { type: "integer" } },
	required: ["city", "degrees"],
	additionalProperties: false,
};

const LOOKUP = {
	type: "function",
	name: "lookup",
	description: "The weather of a city.",
	parameters: {
		type: "object",
		properties: { city: { type: "string" } },
		required: ["city"],
		additionalProperties: false,
	},
	strict: true,
};

const FEATURES = { structured, structured_as_tool: structured, calls, parts, cancel };

// about: models, by dialect and feature. So are the results.
export async function everything(context, about) {
	const results = {};
	const one = async (dialect, feature, model) => {
		const run = FEATURES[feature] ?? inEachWay;
		try {
			results[dialect][feature] = await run(context, { model, input: "Hello" });
		} catch (error) {
			results[dialect][feature] = { broken: error.stack };
		}
	};
	const begun = [];
	for (const [dialect, models] of Object.entries(about)) {
		results[dialect] = {};
		for (const [feature, model] of Object.entries(models))
			begun.push(one(dialect, feature, model));
	}
	await Promise.all(begun);
	return results;
}

async function inEachWay({ OpenAI, client }, request) {
	const background = { ...request, background: true };
	return {
		streamed: await seen(OpenAI, stream(client, request)),
		whole: await seen(OpenAI, client.responses.create(request)),
		polled: await seen(
			OpenAI,
			client.responses.create(background).then((created) => pollToEnd(client, created)),
		),
	};
}

// The response, or the error as a program can tell it that catches it by its class.
async function seen(OpenAI, promise) {
	try {
		return await promise;
	} catch (error) {
		if (!(error instanceof OpenAI.APIError))
			throw error;
		const { status, code, message } = error;
		return { raised: error.constructor.name, status, code, message };
	}
}

// The response of the terminal event, of whatever kind it is; it is the final one.
async function stream(client, request) {
	const stream = client.responses.stream(request);
	let last = null;
	stream.on("event", (event) => {
		if (ENDS.includes(event.type))
			last = event.response;
	});
	const final = await stream.finalResponse();
	if (final.id !== last.id || final.status !== last.status)
		throw new Error(`the final response is ${final.status}, the last ${last.status}`);
	return { ...last, output_text: final.output_text };
}

// By the helpers.
async function structured({ client, load }, request) {
	const { makeParseableTextFormat } = await load("lib/parser");
	const format = { type: "json_schema", name: "weather", strict: true, schema: WEATHER };
	const text = { format: makeParseableTextFormat(format, JSON.parse) };
	const streamed = await client.responses.stream({ ...request, text }).finalResponse();
	const whole = await client.responses.parse({ ...request, text });
	return {
		streamed: streamed.output_parsed,
		whole: whole.output_parsed,
		text: whole.output_text,
	};
}

// Two turns: the calls go back as they came, with their outputs.
async function calls({ client }, request) {
	const about = {
		model: request.model,
		tools: [LOOKUP],
		reasoning: { effort: "low" },
		include: ["reasoning.encrypted_content"],
	};
	const first = await client.responses.stream({ ...about, input: "Hello" }).finalResponse();
	const asked = first.output.filter((item) => item.type === "function_call");
	const history = [{ role: "user", content: "Hello" }, ...first.output];
	for (const { call_id, parsed_arguments } of asked) {
		const output = `12 degrees in ${parsed_arguments.city}`;
		history.push({ type: "function_call_output", call_id, output });
	}
	const second = await client.responses.create({ ...about, input: history });
	return { parsed: asked.map((item) => item.parsed_arguments), first, second };
}

// An image and a file go in.
async function parts({ client }, { model }) {
	const pixel =
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5E" +
		"rkJggg==";
	const content = [
		{ type: "input_text", text: "What is this?" },
		{ type: "input_image", image_url: `data:image/png;base64,${pixel}`, detail: "auto" },
		{
			type: "input_file",
			filename: "a.pdf",
			file_data: "data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK",
		},
	];
	return client.responses.create({ model, input: [{ role: "user", content }] });
}

async function cancel({ client }, request) {
	const created = await client.responses.create({ ...request, background: true });
	const end = performance.now() + 10000;
	while (performance.now() < end) {
		if ((await client.responses.retrieve(created.id)).output.length > 0)
			break;
		await sleep(50);
	}
	return {
		cancelled: await client.responses.cancel(created.id),
		retrieved: await client.responses.retrieve(created.id),
	};
}
