"""Conversations with a provider of the Messages API that refuses what the real one refuses."""

import base64
import json

import pytest

from harness import output_text
from messages_talk import (CRM, NOW, PNG, SHELL, WAYS, ZONE, ZONE_FORMAT, Conversation, blocks_of,
                           calls_of, items_of, output)
from messages_talk import provider, stack  # noqa: F401  (fixtures)
from strict_messages import Answer, CutCall, call, redacted, text, thinking
from upstream import Cut

PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n").decode()

WEATHER = {"type": "function", "name": "get_weather", "description": "The weather of a place",
           "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
                          "required": ["city"]}}


@pytest.fixture(params=WAYS)
def talk(request, stack, provider):
    def begin(**fields):
        return Conversation(stack, provider, request.param, **fields)
    return begin


def words_of(message):
    return "".join(block.get("text", "") for block in message["content"])


def test_texts(talk):
    conversation = talk(instructions="Be brief.")
    first = conversation.says("Hello", answer=Answer(text("Hi, what is it?")))
    assert output_text(first) == "Hi, what is it?"
    assert first["usage"]["total_tokens"] == 30
    conversation.says("Nothing", answer=Answer(text("Well "), text("then.")))
    third = conversation.says("Bye", answer=Answer(text("Bye.")))
    assert output_text(third) == "Bye."
    assert [(message["role"], words_of(message)) for message in conversation.sent["messages"]] == [
        ("user", "Hello"), ("assistant", "Hi, what is it?"), ("user", "Nothing"),
        ("assistant", "Well then."), ("user", "Bye")]
    assert conversation.sent["system"] == [text("Be brief.")]


def test_texts_of_many_scripts(talk):
    words = "Gr\u00fc\u00dfe \u4e16\u754c \U0001f600 \"\\\n\t\u2028\u0000\u007f</script>"
    conversation = talk()
    assert output_text(conversation.says(words, answer=Answer(text(words)))) == words
    conversation.says("Well?", answer=Answer(text("Yes.")))
    assert [words_of(message) for message in conversation.sent["messages"]] == [
        words, words, "Well?"]


def test_answer_of_nothing_is_followed_by_more(talk):
    conversation = talk()
    first = conversation.says("Hello", answer=Answer())
    assert output_text(first) == "" and len(first["output"]) == 1
    conversation.says("Well?", answer=Answer(text("Hi.")))
    assert [message["role"] for message in conversation.sent["messages"]] == ["user"]


def test_thinking_with_a_tool(talk):
    conversation = talk(tools=[WEATHER], reasoning={"effort": "low", "summary": "auto"})
    first = conversation.says("Weather?", answer=Answer(
        thinking("I have to look it up."), text("I look."), call("toolu_1", "get_weather",
                                                                city="Ulm"), stop="tool_use"))
    assert [item["type"] for item in first["output"]] == ["reasoning", "message", "function_call"]
    assert items_of(first, "reasoning")[0]["summary"][0]["text"] == "I have to look it up."
    assert json.loads(calls_of(first)[0]["arguments"]) == {"city": "Ulm"}
    conversation.says(output(calls_of(first)[0], "12 C"), answer=Answer(
        thinking("So it is."), text("12 degrees.")))
    assert conversation.sent["thinking"]["type"] == "enabled"
    conversation.says("Thanks", answer=Answer(thinking("Polite."), text("Welcome.")))
    assert [block["thinking"] for block in blocks_of(conversation.sent, "thinking")] == [
        "I have to look it up.", "So it is."]


def test_thinking_again_before_each_call(talk):
    conversation = talk(tools=[WEATHER], reasoning={"effort": "medium"})
    response = conversation.says("Weather?", answer=Answer(
        thinking("First."), call("toolu_1", "get_weather", city="Ulm"), stop="tool_use"))
    for number in range(2, 5):
        response = conversation.says(output(calls_of(response)[0], "12 C"), answer=Answer(
            thinking(f"Number {number}."), call(f"toolu_{number}", "get_weather", city="Bonn"),
            stop="tool_use"))
    conversation.says(output(calls_of(response)[0], "13 C"), answer=Answer(text("Done.")))
    assert len(blocks_of(conversation.sent, "thinking")) == 4
    assert conversation.sent["thinking"]["type"] == "enabled"


def test_thinking_once_for_several_calls(talk):
    conversation = talk(tools=[NOW], reasoning={"effort": "low"})
    response = conversation.says("When?", answer=Answer(
        thinking("Hm."), call("toolu_1", "now"), stop="tool_use"))
    for number in range(2, 4):
        response = conversation.says(output(calls_of(response)[0], "noon"), answer=Answer(
            call(f"toolu_{number}", "now"), stop="tool_use"))
    assert conversation.sent["thinking"]["type"] == "enabled"


def test_thinking_of_all_kinds(talk):
    conversation = talk(model="opus", tools=[NOW], reasoning={"effort": "high"})
    blocks = [thinking("One."), redacted("EmwKAhgB"), thinking(""), thinking("Two.")]
    first = conversation.says("When?", answer=Answer(*blocks, call("toolu_1", "now"),
                                                     stop="tool_use"))
    assert len(items_of(first, "reasoning")) == 4
    conversation.says(output(calls_of(first)[0], "noon"), answer=Answer(text("At noon.")))
    sent = conversation.sent["messages"][1]["content"]
    assert [block["type"] for block in sent] == [
        "thinking", "redacted_thinking", "thinking", "thinking", "tool_use"]
    assert [block["thinking"] for block in blocks_of(conversation.sent, "thinking")] == [
        "One.", "", "Two."]


def test_thinking_between_calls(talk):
    conversation = talk(tools=[NOW, WEATHER], reasoning={"effort": "low"})
    first = conversation.says("When?", answer=Answer(
        thinking("One."), call("toolu_1", "now"), thinking("Two."),
        call("toolu_2", "get_weather", city="Ulm"), stop="tool_use"))
    conversation.says(*[output(one, "x") for one in calls_of(first)],
                      answer=Answer(text("At noon.")))


def test_calls_side_by_side_with_results_in_another_order(talk):
    conversation = talk(tools=[WEATHER, NOW])
    first = conversation.says("Weather?", answer=Answer(
        text("I look."), call("toolu_1", "get_weather", city="Ulm"), call("toolu_2", "now"),
        call("toolu_3", "get_weather", city="Bonn"), stop="tool_use"))
    one, two, three = calls_of(first)
    conversation.says(output(three, "13 C"), output(one, ""), "And be quick", output(two, []),
                      answer=Answer(text("Here."), call("toolu_4", "now"), stop="tool_use"))
    assert len(blocks_of(conversation.sent, "tool_result")) == 3


def test_custom_tool_and_namespace(talk):
    conversation = talk(tools=[SHELL, CRM])
    first = conversation.says("Run", answer=Answer(
        call("toolu_1", "shell", input="ls \"a\"\n"), call("toolu_2", "crm__find"),
        stop="tool_use"))
    shell, find = calls_of(first)
    assert (shell["type"], shell["input"]) == ("custom_tool_call", "ls \"a\"\n")
    assert (find["name"], find["namespace"]) == ("find", "crm")
    conversation.says(output(shell, "a"), output(find, "nobody"), answer=Answer(text("Done.")))
    assert blocks_of(conversation.sent, "tool_use") == [
        call("toolu_1", "shell", input="ls \"a\"\n"), call("toolu_2", "crm__find")]


def test_pictures_and_documents(talk):
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    document = {"type": "input_file", "filename": "a.pdf",
                "file_data": f"data:application/pdf;base64,{PDF}"}
    conversation = talk(tools=[NOW])
    first = conversation.says(
        {"role": "user", "content": [picture, document, {"type": "input_text", "text": "See"}]},
        answer=Answer(call("toolu_1", "now"), stop="tool_use"))
    conversation.says(output(calls_of(first)[0], [picture, document]), answer=Answer(text("Ok.")))
    conversation.says({"role": "user", "content": [
        {"type": "input_image", "image_url": f"data:image/jpeg;base64,{PNG}"}]},
        answer=Answer(text("Ok.")))
    assert len(blocks_of(conversation.sent, "image")) == 2
    assert len(blocks_of(conversation.sent, "document")) == 1


class ToolAnswer(Answer):
    """Calls the tool that has to be called."""

    def __init__(self, arguments):
        super().__init__(stop="tool_use")
        self.arguments = arguments

    def for_request(self, body):
        return [call("toolu_1", body["tool_choice"]["name"], **self.arguments)]


@pytest.mark.parametrize("model", ["sonnet", "haiku"])
def test_structured_output(talk, model):
    conversation = talk(model=model, text=ZONE_FORMAT)

    def answer(zone):
        if model == "sonnet":
            return Answer(text(json.dumps({"zone": zone})))
        return ToolAnswer({"zone": zone})

    for zone in ("CET", "UTC"):
        response = conversation.says("Zone?", answer=answer(zone))
        assert json.loads(output_text(response)) == {"zone": zone}
        assert [item["type"] for item in response["output"]] == ["message"]


def test_structured_output_with_thinking(talk):
    conversation = talk(text=ZONE_FORMAT, reasoning={"effort": "low"})
    answer = Answer(thinking("Hm."), text('{"zone": "CET"}'))
    for _ in range(2):
        assert output_text(conversation.says("Zone?", answer=answer)) == '{"zone": "CET"}'


def test_orphans(talk):
    conversation = talk(tools=[NOW])
    conversation.says(
        {"type": "function_call_output", "call_id": "call_9", "output": "nothing"}, "Hello",
        {"type": "function_call", "call_id": "call_1", "name": "now", "arguments": ""},
        {"type": "function_call", "call_id": "call_2", "name": "now", "arguments": "[1"},
        {"type": "function_call_output", "call_id": "call_2", "output": "noon"}, "Never mind",
        {"type": "function_call", "call_id": "functions.now:3", "name": "now", "arguments": "{}"},
        answer=Answer(text("Well.")))
    assert len(blocks_of(conversation.sent, "tool_use")) == 3


def test_calls_that_nobody_answered(talk):
    conversation = talk(tools=[NOW], reasoning={"effort": "low"})
    conversation.says("When?", answer=Answer(
        thinking("Hm."), call("toolu_1", "now"), stop="tool_use"))
    conversation.says("Never mind", answer=Answer(text("Well.")))
    conversation.says("Bye", answer=Answer(text("Bye.")))


def test_answer_that_came_to_its_limit(talk):
    conversation = talk(tools=[WEATHER], reasoning={"effort": "low"})
    first = conversation.says("Weather?", status="incomplete", answer=Answer(
        thinking("Hm."), text("I look "), CutCall("toolu_1", "get_weather", '{"city": "U'),
        stop="max_tokens"))
    assert first["incomplete_details"] == {"reason": "max_output_tokens"}
    assert first["output"][-1]["status"] == "incomplete"
    assert first["output"][-1]["arguments"] == '{"city": "U'
    if conversation.way != "background":  # an incomplete one cannot be named as the one before
        conversation.says("Go on", answer=Answer(text("Ulm.")))


def test_refusal(talk):
    conversation = talk()
    first = conversation.says("Break in", status="incomplete", answer=Answer(
        stop="refusal", stop_details={"type": "refusal", "category": "cyber",
                                      "explanation": "I cannot help with that."}))
    assert first["incomplete_details"] == {"reason": "content_filter"}
    assert first["output"][-1]["content"][-1] == {
        "type": "refusal", "refusal": "I cannot help with that."}
    if conversation.way != "background":
        conversation.says("Then say hello", answer=Answer(text("Hello.")))


@pytest.mark.parametrize("way", ["streamed", "background"])
def test_turn_that_was_broken_off_is_gone_on_with(stack, provider, way):
    provider.answer(Answer(thinking("Hm."), text("I look"), call("toolu_1", "now"), stop="tool_use",
                           steps=[Cut()]))
    body = {"model": "sonnet", "tools": [NOW], "reasoning": {"effort": "low"}}
    question = {"role": "user", "content": "When?"}
    broken = WAYS[way](stack, {**body, "input": [question]})
    assert broken["status"] == "failed"
    assert provider.refusals == []
    conversation = Conversation(stack, provider, way, **body)
    conversation.items = [question, *broken["output"]]
    conversation.says("Again, please", answer=Answer(thinking("Well."), text("At noon.")))


@pytest.mark.parametrize("model", ["sonnet", "opus", "haiku"])
def test_answer_that_the_client_has_begun(talk, model):
    conversation = talk(model=model)
    conversation.says("A rhyme", {"role": "assistant", "content": "Roses are \n"},
                      answer=Answer(text("red")))
    conversation.says("More", {"role": "assistant", "content": ""}, answer=Answer(text("Violets")))


def test_begun_answer_with_thinking(talk):
    talk(reasoning={"effort": "low"}).says(
        "A rhyme", {"role": "assistant", "content": "Roses are "}, answer=Answer(text("red")))


def test_roles_of_all_kinds(talk):
    conversation = talk(instructions="Be brief.")
    conversation.says(
        {"role": "assistant", "content": "I am Bot."}, {"role": "developer", "content": "Be kind."},
        {"role": "assistant", "content": "Hello?"}, {"role": "user", "content": ""}, "Hello",
        {"role": "system", "content": "Be quick."}, "there", {"role": "assistant", "content": " "},
        "Well?", answer=Answer(text("Hi.")))
    assert [block["text"] for block in conversation.sent["system"]] == [
        "Be brief.", "Be kind.", "Be quick."]


@pytest.mark.parametrize("model", ["sonnet", "opus", "haiku"])
def test_everything_that_a_client_may_say(talk, model):
    talk(
        model=model, temperature=1.3, top_p=0.3, max_output_tokens=800, metadata={"a": "b"},
        store=True, user="u1", safety_identifier="s1", service_tier="flex", truncation="auto",
        prompt_cache_key="k", parallel_tool_calls=False, tool_choice="required", tools=[
            WEATHER, {"type": "function", "name": "now", "parameters": None, "strict": None},
            {**NOW, "name": "later", "parameters": ZONE, "strict": True}, SHELL, CRM],
        text={"format": {"type": "text"}, "verbosity": "low"}, max_tool_calls=3,
        include=["reasoning.encrypted_content"], reasoning=None,
    ).says("Hello", answer=Answer(call("toolu_1", "now"), stop="tool_use"))


@pytest.mark.parametrize("model", ["sonnet", "opus"])
def test_everything_beside_reasoning(talk, model):
    conversation = talk(
        model=model, temperature=0.3, top_p=0.3, max_output_tokens=100, tools=[WEATHER],
        tool_choice={"type": "function", "name": "get_weather"},
        reasoning={"effort": "high", "summary": "detailed"})
    conversation.says("Hello", answer=Answer(thinking("Hm."), text("Hi.")))
    assert conversation.sent["thinking"]["type"] in ("enabled", "adaptive")


def test_more_marks_than_there_may_be(talk):
    part = {"type": "input_text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
    conversation = talk(tools=[{**WEATHER, "cache_control": {"type": "ephemeral"}}])
    for _ in range(6):
        conversation.says({"role": "user", "content": [part]}, answer=Answer(text("Ok.")))
    assert json.dumps(conversation.sent).count("cache_control") == 4


def test_ids_of_another_provider(talk):
    conversation = talk(tools=[NOW])
    history = []
    for number in range(3):
        history += [
            {"type": "function_call", "call_id": f"functions.now:{number}", "name": "now",
             "arguments": "{}"},
            {"type": "function_call_output", "call_id": f"functions.now:{number}", "output": "x"}]
    conversation.says("When?", *history, *history[:2], answer=Answer(text("At noon.")))
    assert len(blocks_of(conversation.sent, "tool_use")) == 4


def test_thinking_of_another_deployment_is_left_out(stack, provider):
    conversation = Conversation(stack, provider, "streamed", tools=[NOW],
                                reasoning={"effort": "low"})
    first = conversation.says("When?", answer=Answer(
        thinking("Hm."), call("toolu_1", "now"), stop="tool_use"))
    conversation.fields["model"] = "beta"
    provider.signed.clear()
    conversation.says(output(calls_of(first)[0], "noon"), answer=Answer(text("At noon.")))
    assert blocks_of(conversation.sent, "thinking") == []
    conversation.says("Thanks", answer=Answer(thinking("Polite."), text("Welcome.")))
    assert conversation.sent["thinking"]["type"] == "enabled"


def test_item_that_is_referred_to(stack, provider):
    conversation = Conversation(stack, provider, "background")
    first = conversation.says("Hello", answer=Answer(text("Hi.")))
    conversation.says({"type": "item_reference", "id": first["output"][0]["id"]}, "Well?",
                      answer=Answer(text("Yes?")))
    assert [words_of(message) for message in conversation.sent["messages"]] == [
        "Hello", "Hi.", "Well?"]
    reply = stack.client.post_create({"model": "sonnet", "input": [
        {"type": "item_reference", "id": first["output"][0]["id"]}]})
    assert reply.status == 400, reply
    assert reply.error()["param"] == "input"


@pytest.mark.parametrize("way", ["streamed", "whole"])
def test_answer_that_was_not_kept_cannot_be_named(stack, provider, way):
    provider.answer(Answer(text("Hi.")))
    first = WAYS[way](stack, {"model": "sonnet", "input": "Hello"})
    for fields in ({}, {"background": True}, {"stream": True}):
        reply = stack.client.post_create({
            "model": "sonnet", "input": "Well?", "previous_response_id": first["id"], **fields})
        assert reply.status in (400, 404), reply
        assert reply.error()["param"] == "previous_response_id"
    assert stack.client.get_response(first["id"]).status == 404


def test_what_is_left_out_is_logged(stack, provider):
    conversation = Conversation(stack, provider, "background", service_tier="flex",
                                metadata={"a": "b"}, temperature=1.5)
    offset = stack.supervisor.stderr_size()
    response = conversation.says("Hello", answer=Answer(text("Hi.")))
    logged = [line for line in stack.supervisor.stderr(offset).splitlines()
              if response["id"] in line]
    for name in ("service_tier", "metadata", "temperature"):
        assert any(name in line for line in logged), logged


def test_reasoning_of_openai_is_left_out(talk):
    talk(tools=[NOW], reasoning={"effort": "low"}).says(
        "When?", {"type": "reasoning", "id": "rs_1", "summary": [],
                  "encrypted_content": "gAAAAABoISQ24OyVRYbk"},
        {"type": "function_call", "call_id": "call_1", "name": "now", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "noon"},
        answer=Answer(text("At noon.")))
