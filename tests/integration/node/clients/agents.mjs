// OpenAI's Agents SDK. It sends its traces to OpenAI, unless that is turned off.
import {
	Agent,
	MemorySession,
	OpenAIChatCompletionsModel,
	OpenAIConversationsSession,
	OpenAIResponsesModel,
	run,
	setTracingDisabled,
	tool,
} from "@openai/agents";
import OpenAI from "openai";
import { z } from "zod";

setTracingDisabled(true);

function clientOf(access) {
	return new OpenAI({ ...access, maxRetries: 0 });
}

function agentOf(access, { model, api, settings }, fields) {
	const Model = api === "chat" ? OpenAIChatCompletionsModel : OpenAIResponsesModel;
	return new Agent({
		name: "Assistant",
		instructions: "You are a friendly assistant.",
		model: new Model(clientOf(access), model),
		...(settings && { modelSettings: settings }),
		...fields,
	});
}

function weather(cities) {
	return tool({
		name: "weather",
		description: "Get the weather in a location",
		parameters: z.object({ city: z.string() }),
		execute: async ({ city }) => {
			cities.push(city);
			return `12 degrees in ${city}`;
		},
	});
}

function usageOf(result) {
	const { requests, inputTokens, outputTokens, totalTokens } = result.state.usage;
	return { requests, inputTokens, outputTokens, totalTokens };
}

export async function runOnce(access, about) {
	const result = await run(agentOf(access, about), "Hello");
	return { output: result.finalOutput, usage: usageOf(result) };
}

export async function runWithTool(access, about) {
	const cities = [];
	const agent = agentOf(access, about, { tools: [weather(cities)] });
	const result = await run(agent, "What is the weather in Ulm?");
	return {
		output: result.finalOutput,
		cities,
		items: result.newItems.map((item) => item.type),
		usage: usageOf(result),
	};
}

export async function streamWithTool(access, about) {
	const cities = [];
	const agent = agentOf(access, about, { tools: [weather(cities)] });
	const result = await run(agent, "What is the weather in Ulm?", { stream: true });
	const pieces = [];
	for await (const piece of result.toTextStream())
		pieces.push(piece);
	await result.completed;
	return {
		pieces,
		output: result.finalOutput,
		cities,
		items: result.newItems.map((item) => item.type),
		usage: usageOf(result),
	};
}

export async function runForObject(access, about) {
	const outputType = z.object({ city: z.string(), degrees: z.number() });
	const result = await run(agentOf(access, about, { outputType }), "The weather in Ulm?");
	return result.finalOutput;
}

export async function handOff(access, about) {
	const expert = agentOf(access, about, { name: "Expert", handoffDescription: "Knows it." });
	const front = Agent.create({
		name: "Front",
		instructions: "Hand off to the expert.",
		model: expert.model,
		handoffs: [expert],
	});
	const result = await run(front, "Hello");
	return { agent: result.lastAgent.name, items: result.newItems.map((item) => item.type) };
}

// The client keeps what was said, and sends it all again.
export async function twoTurns(access, about) {
	const agent = agentOf(access, about);
	const session = new MemorySession();
	const first = await run(agent, "Hello", { session });
	const second = await run(agent, "More", { session });
	return [first.finalOutput, second.finalOutput];
}

// The provider keeps it: as responses that follow each other, or as a conversation.
async function chain(access, about, go) {
	const agent = agentOf(access, about);
	const first = await go(agent, "Hello");
	const second = await go(agent, "More", { previousResponseId: first.lastResponseId });
	const third = await go(agentOf(access, about, { tools: [weather([])] }), "Ulm?", {
		previousResponseId: second.lastResponseId,
	});
	return [first.finalOutput, second.finalOutput, third.finalOutput];
}

export function previousResponse(access, about) {
	return chain(access, about, run);
}

async function runStreamed(agent, input, options) {
	const result = await run(agent, input, { ...options, stream: true });
	await result.completed;
	return result;
}

export function previousResponseStreamed(access, about) {
	return chain(access, about, runStreamed);
}

async function converse(access, about, go) {
	const agent = agentOf(access, about);
	const { id: conversationId } = await clientOf(access).conversations.create({});
	const first = await go(agent, "Hello", { conversationId });
	const second = await go(agent, "More", { conversationId });
	return [first.finalOutput, second.finalOutput];
}

export function conversation(access, about) {
	return converse(access, about, run);
}

export function conversationStreamed(access, about) {
	return converse(access, about, runStreamed);
}

export async function conversationsSession(access, about) {
	const agent = agentOf(access, about);
	const session = new OpenAIConversationsSession({ client: clientOf(access) });
	const first = await run(agent, "Hello", { session });
	const second = await run(agent, "More", { session });
	const kept = (await session.getItems()).map((item) => [item.role, item.content[0].text]);
	await session.clearSession();
	return { outputs: [first.finalOutput, second.finalOutput], kept };
}

export async function error(access, about) {
	try {
		await run(agentOf(access, about), "Hello");
	} catch (error) {
		const { status, code, message } = error;
		return { status, code, message };
	}
	return null;
}
