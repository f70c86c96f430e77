// What a receiver of webhooks does with the SDK.

async function unwrapped(client, { body, headers, secret }) {
	try {
		return { event: await client.webhooks.unwrap(body, headers, secret) };
	} catch (error) {
		return { error: error.constructor.name };
	}
}

// Of each of the deliveries, one after the other, its event, or the name of the error.
export async function unwrap({ client }, { deliveries }) {
	const results = [];
	for (const delivery of deliveries)
		results.push(await unwrapped(client, delivery));
	return results;
}

// Likewise, with the secret of the client's options.
export async function unwrapByOption({ client }, { body, headers }) {
	return await client.webhooks.unwrap(body, headers);
}
