// What several scenarios need.

export function sleep(milliseconds) {
	return new Promise((done) => setTimeout(done, milliseconds));
}

export function hasEnded(response) {
	return response.status !== "queued" && response.status !== "in_progress";
}

export async function pollToEnd(client, response) {
	while (!hasEnded(response)) {
		await sleep(50);
		response = await client.responses.retrieve(response.id);
	}
	return response;
}

// What a program that catches one of the SDK's errors can tell from it.
export function describe(error) {
	return {
		class: error.constructor.name,
		status: error.status ?? null,
		message: error.message,
		type: error.type ?? null,
		param: error.param ?? null,
		code: error.code ?? null,
		requestId: error.requestID ?? null,
		headers: Object.fromEntries(error.headers ?? []),
		body: error.error ?? null,
	};
}

export async function errorOf(promise) {
	try {
		await promise;
	} catch (error) {
		return describe(error);
	}
	throw new Error("expected an error of the SDK, but the call succeeded");
}

// The error of each call about a response.
export async function errorsOf(client, id) {
	return {
		retrieve: await errorOf(client.responses.retrieve(id)),
		cancel: await errorOf(client.responses.cancel(id)),
		delete: await errorOf(client.responses.delete(id)),
		inputItems: await errorOf(client.responses.inputItems.list(id)),
	};
}

// A client whose every HTTP exchange goes to note(), with the time of its begin and of its answer.
export function watched(client, note) {
	return client.withOptions({
		fetch: async (url, init) => {
			const began = performance.now();
			const response = await fetch(url, init);
			await note({
				status: response.status,
				retryAfter: response.headers.get("retry-after"),
				retryCount: new Headers(init.headers).get("x-stainless-retry-count"),
				began,
				answered: performance.now(),
			});
			return response;
		},
	});
}
