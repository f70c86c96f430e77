// Errors, as a program sees them that catches them by class.
import { errorOf, errorsOf } from "./sdk.mjs";

export function ofCreate({ client }, request) {
	return errorOf(client.responses.create(request));
}

export function ofEachCall({ client }, { id }) {
	return errorsOf(client, id);
}
