// Vercel's AI SDK. Its OpenAI provider uses the Responses API unless told otherwise.
import { createOpenAI } from "@ai-sdk/openai";
import {
	APICallError,
	embed,
	embedMany,
	generateText,
	Output,
	stepCountIs,
	streamText,
	tool,
} from "ai";
import { z } from "zod";

// The documented way to what the provider has no setting for: a fetch that changes requests.
function adding(members) {
	return (url, init) =>
		fetch(url, { ...init, body: JSON.stringify({ ...JSON.parse(init.body), ...members }) });
}

function modelOf(access, { model, api, body }) {
	const openai = createOpenAI({ ...access, ...(body && { fetch: adding(body) }) });
	return api === "chat" ? openai.chat(model) : openai(model);
}

function weather(cities) {
	return {
		weather: tool({
			description: "Get the weather in a location",
			inputSchema: z.object({ city: z.string() }),
			execute: async ({ city }) => {
				cities.push(city);
				return `12 degrees in ${city}`;
			},
		}),
	};
}

export async function generate(access, about) {
	const { text, reasoningText, finishReason, usage } = await generateText({
		model: modelOf(access, about),
		system: "You are a friendly assistant.",
		prompt: "Hello",
		providerOptions: about.options,
		maxRetries: 0,
	});
	const { inputTokens, outputTokens, totalTokens } = usage;
	return { text, reasoningText, finishReason, usage: { inputTokens, outputTokens, totalTokens } };
}

export async function stream(access, about) {
	const errors = [];
	const result = streamText({
		model: modelOf(access, about),
		system: "You are a friendly assistant.",
		prompt: "Hello",
		providerOptions: about.options,
		maxRetries: 0,
		onError: ({ error }) => errors.push(String(error)),
	});
	const pieces = [];
	for await (const piece of result.textStream)
		pieces.push(piece);
	const { inputTokens, outputTokens, totalTokens } = await result.usage;
	return {
		pieces,
		errors,
		text: await result.text,
		reasoningText: await result.reasoningText,
		finishReason: await result.finishReason,
		usage: { inputTokens, outputTokens, totalTokens },
	};
}

export async function generateWithTool(access, about) {
	const cities = [];
	const { text, steps } = await generateText({
		model: modelOf(access, about),
		tools: weather(cities),
		stopWhen: stepCountIs(5),
		prompt: "What is the weather in Ulm?",
		providerOptions: about.options,
		maxRetries: 0,
	});
	return { text, cities, finishReasons: steps.map((step) => step.finishReason) };
}

export async function streamWithTool(access, about) {
	const cities = [];
	const result = streamText({
		model: modelOf(access, about),
		tools: weather(cities),
		stopWhen: stepCountIs(5),
		prompt: "What is the weather in Ulm?",
		providerOptions: about.options,
		maxRetries: 0,
	});
	for await (const part of result.fullStream) {
		if (part.type === "error")
			throw part.error;
	}
	const steps = await result.steps;
	return {
		text: await result.text,
		cities,
		finishReasons: steps.map((step) => step.finishReason),
	};
}

export async function generateObject(access, about) {
	const { output } = await generateText({
		model: modelOf(access, about),
		output: Output.object({ schema: z.object({ city: z.string(), degrees: z.number() }) }),
		prompt: "What is the weather in Ulm?",
		maxRetries: 0,
	});
	return output;
}

// The client keeps the messages, and sends them all again.
export async function twoTurns(access, about) {
	const model = modelOf(access, about);
	const options = { model, providerOptions: about.options, maxRetries: 0 };
	const messages = [{ role: "user", content: "Hello" }];
	const first = await generateText({ ...options, messages });
	messages.push(...first.response.messages, { role: "user", content: "More" });
	const second = await generateText({ ...options, messages });
	return [first.text, second.text];
}

// The provider keeps what was said.
export async function previousResponse(access, about) {
	const model = modelOf(access, about);
	const first = await generateText({ model, prompt: "Hello", maxRetries: 0 });
	const { responseId } = first.providerMetadata.openai;
	const second = await generateText({
		model,
		prompt: "More",
		providerOptions: { openai: { previousResponseId: responseId } },
		maxRetries: 0,
	});
	return [first.text, second.text];
}

export async function error(access, about) {
	try {
		await generateText({ model: modelOf(access, about), prompt: "Hello", maxRetries: 0 });
	} catch (error) {
		if (!APICallError.isInstance(error))
			throw error;
		const { statusCode, isRetryable, message, data } = error;
		return { statusCode, isRetryable, message, code: data.error.code };
	}
	return null;
}

export async function embedding(access, { model }) {
	const openai = createOpenAI(access);
	const one = await embed({
		model: openai.embedding(model),
		value: "sunny day at the beach",
		maxRetries: 0,
	});
	const many = await embedMany({
		model: openai.embedding(model),
		values: ["sunny day at the beach", "rain"],
		maxRetries: 0,
	});
	return { one: one.embedding, many: many.embeddings, tokens: one.usage.tokens };
}
