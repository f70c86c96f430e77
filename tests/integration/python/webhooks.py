"""What a receiver of webhooks does with the SDK."""

from openai import InvalidWebhookSignatureError


def _unwrapped(client, delivery):
    try:
        event = client.webhooks.unwrap(
            delivery["body"], delivery["headers"], secret=delivery["secret"])
    except (InvalidWebhookSignatureError, ValueError) as error:
        return {"error": type(error).__name__}
    return {"event": event.to_dict(mode="json"), "class": type(event).__name__}


def unwrap(client, about):
    """Of each of the deliveries its event and the event's class, or the name of the error."""
    return [_unwrapped(client, delivery) for delivery in about["deliveries"]]
