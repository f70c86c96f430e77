// Background responses of models whose provider runs them itself.
import { errorsOf } from "./sdk.mjs";

export async function wholeLife({ client }, request) {
	const created = await client.responses.create({ ...request, background: true });
	const retrieved = await client.responses.retrieve(created.id);
	const cancelled = await client.responses.cancel(created.id);
	const inputItems = await client.responses.inputItems.list(created.id, { limit: 5 });
	const deleted = await client.responses.delete(created.id);
	return {
		created,
		requestId: created._request_id,
		retrieved,
		outputText: retrieved.output_text,
		cancelled,
		inputItems: inputItems.data,
		deleted,
	};
}

export async function otherTenant({ client }, { key, ...request }) {
	const { id } = await client.responses.create({ ...request, background: true });
	return errorsOf(client.withOptions({ apiKey: key }), id);
}
