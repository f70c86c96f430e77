#include "messages_blocks.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"

/* More than that a server leaves open only if it does not say when a block stops. */
enum { MOST_OPEN = 256 };

/* So often something else may come before a block that has not stopped is taken to have. */
enum { PATIENCE = 4 };

enum happening { STARTED, GREW, STOPPED };

/* What comes before each value that a block has to wait with. */
struct held {
	enum happening what;
	size_t len;
};

void messages_blocks_open(struct messages_blocks *blocks, const struct reader_setting *setting)
{
	*blocks = (struct messages_blocks){.setting = setting, .last_index = -1};
}

void messages_blocks_close(struct messages_blocks *blocks)
{
	for (size_t i = 0; i < blocks->count; i++) {
		messages_block_free(blocks->list[i]);
		free(blocks->list[i]);
	}
	free(blocks->list);
	buf_free(&blocks->words.text);
}

static struct messages_block *find(struct messages_blocks *blocks, long long index)
{
	if (blocks->recent != NULL && blocks->recent->index == index)
		return blocks->recent;
	for (size_t i = 0; i < blocks->count; i++)
		if (blocks->list[i]->index == index)
			return blocks->recent = blocks->list[i];
	return NULL;
}

/* The reader may be older than the request, which has the tools. */
static void learn_tools(struct messages_blocks *blocks)
{
	const struct tool_names *tools = blocks->setting->tools;

	if (blocks->knows_tools)
		return;
	for (size_t i = 0; i < tools->count; i++)
		if (tools->names[i].kind == TOOL_FORMAT)
			blocks->words.wait = true;
	blocks->knows_tools = true;
}

static struct messages_block *add(struct messages_blocks *blocks, long long index)
{
	struct messages_block *block = xcalloc(1, sizeof(*block));

	learn_tools(blocks);
	block->index = index;
	block->words = &blocks->words;
	if (blocks->count == blocks->cap) {
		blocks->cap = blocks->cap * 2 + 4;
		blocks->list =
		    xrealloc(blocks->list, blocks->cap * sizeof(struct messages_block *));
	}
	blocks->list[blocks->count++] = block;
	blocks->last_index = index;
	return blocks->recent = block;
}

/* What a block keeps until it stops waits, too. */
static size_t kept_bytes(const struct messages_block *block)
{
	return block->kept.len + block->citations.len;
}

static void drop(struct messages_blocks *blocks, struct messages_block *block)
{
	size_t i = 0;

	while (blocks->list[i] != block)
		i++;
	blocks->count--;
	memmove(&blocks->list[i], &blocks->list[i + 1],
	    (blocks->count - i) * sizeof(struct messages_block *));
	if (blocks->recent == block)
		blocks->recent = NULL;
	if (blocks->talking == block) {
		blocks->talking = NULL;
		blocks->silence = 0;
	}
	if (blocks->stopped == block)
		blocks->stopped = NULL;
	blocks->setting->builder->waiting -= kept_bytes(block);
	messages_block_free(block);
	free(block);
}

static void hold(struct messages_blocks *blocks, struct messages_block *block, enum happening what,
    struct span value)
{
	struct held held = {what, value.len};

	if (block->held.len == 0)
		blocks->held_count++;
	buf_append(&block->held, &held, sizeof(held));
	buf_append_span(&block->held, value);
	blocks->setting->builder->waiting += sizeof(held) + value.len;
}

/* A call that has been told may go on beside others. */
static bool must_wait(
    const struct messages_blocks *blocks, const struct messages_block *block, enum happening what)
{
	if (block->held.len > 0)
		return true;
	if (blocks->talking == NULL || blocks->talking == block)
		return false;
	return what == STARTED || block->kind != BLOCK_CALL;
}

static void happened(
    struct messages_blocks *blocks, long long index, enum happening what, struct span value);

/* Lets a block go on with what it had to wait with. */
static void replay(struct messages_blocks *blocks, struct messages_block *block)
{
	struct buf waiting = block->held;
	long long index = block->index;
	struct held held;

	block->held = (struct buf){0};
	blocks->held_count--;
	blocks->setting->builder->waiting -= waiting.len;
	for (size_t at = 0; at < waiting.len; at += held.len) {
		memcpy(&held, waiting.data + at, sizeof(held));
		at += sizeof(held);
		happened(blocks, index, held.what, (struct span){waiting.data + at, held.len});
	}
	buf_free(&waiting);
}

static struct messages_block *first_that_waits(const struct messages_blocks *blocks)
{
	size_t i = 0;

	while (blocks->list[i]->held.len == 0)
		i++;
	return blocks->list[i];
}

static void release(struct messages_blocks *blocks)
{
	if (blocks->releasing)
		return;
	blocks->releasing = true;
	while (blocks->talking == NULL && blocks->held_count > 0)
		replay(blocks, first_that_waits(blocks));
	blocks->releasing = false;
}

static void finish(struct messages_blocks *blocks, struct messages_block *block)
{
	if (block != blocks->stopped)
		messages_block_flush(block, blocks->setting);
	messages_block_end(block, blocks->setting);
	drop(blocks, block);
	release(blocks);
}

static void start(struct messages_blocks *blocks, struct messages_block *block, struct span content)
{
	long long index = block->index;

	/* It did not say that the one before it has stopped. */
	if (block->kind != BLOCK_UNKNOWN) {
		finish(blocks, block);
		happened(blocks, index, STARTED, content);
		return;
	}
	messages_block_start(block, blocks->setting, content);
	blocks->setting->builder->waiting += kept_bytes(block);
	if (block->talking)
		blocks->talking = block;
}

/* Whether it is text in a block of thinking, thinking in one of text, or the first of either. */
static bool tells_kind(const struct messages_block *block, const struct messages_delta *delta)
{
	bool is_open = block->kind == BLOCK_UNKNOWN || block->kind == BLOCK_TEXT ||
		       block->kind == BLOCK_THINKING;

	return is_open && ((delta->kind == DELTA_TEXT && block->kind != BLOCK_TEXT) ||
			      (delta->kind == DELTA_THINKING && block->kind != BLOCK_THINKING));
}

static void grow(struct messages_blocks *blocks, struct messages_block *block, struct span value)
{
	long long index = block->index;
	struct messages_delta delta;
	size_t before;

	if (!messages_delta_read(&delta, value))
		return;
	if (tells_kind(block, &delta)) {
		if (block->talking) {
			finish(blocks, block);
			happened(blocks, index, GREW, value);
			return;
		}
		block->kind = delta.kind == DELTA_TEXT ? BLOCK_TEXT : BLOCK_THINKING;
	}
	before = kept_bytes(block);
	messages_block_grow(block, blocks->setting, &delta);
	blocks->setting->builder->waiting += kept_bytes(block) - before;
	if (block->talking)
		blocks->talking = block;
}

/*
 * The builder is told of the end when the next thing happens: a call that is the last of an answer
 * that was cut off is itself incomplete, and that is said after its stop.
 */
static void stop(struct messages_blocks *blocks, struct messages_block *block)
{
	messages_block_flush(block, blocks->setting);
	blocks->stopped = block;
	if (blocks->held_count > 0)
		finish(blocks, block);
}

static void happened(
    struct messages_blocks *blocks, long long index, enum happening what, struct span value)
{
	struct messages_block *block;

	if (blocks->stopped != NULL)
		finish(blocks, blocks->stopped);
	block = find(blocks, index);
	if (block == NULL) {
		if (what == STOPPED)
			return;
		if (blocks->count >= MOST_OPEN && !blocks->releasing)
			messages_blocks_end(blocks, false);
		block = add(blocks, index);
	}
	if (must_wait(blocks, block, what)) {
		hold(blocks, block, what, value);
		if (blocks->talking != NULL && ++blocks->silence == PATIENCE)
			finish(blocks, blocks->talking);
		return;
	}
	if (block == blocks->talking)
		blocks->silence = 0;
	if (what == STARTED)
		start(blocks, block, value);
	else if (what == GREW)
		grow(blocks, block, value);
	else
		stop(blocks, block);
}

static long long index_or(struct span value, long long otherwise)
{
	long long index;

	return json_integer(value, &index) && index >= 0 && index <= INT_MAX ? index : otherwise;
}

void messages_block_started(struct messages_blocks *blocks, struct span index, struct span content)
{
	happened(blocks, index_or(index, blocks->last_index + 1), STARTED, content);
}

void messages_block_grew(struct messages_blocks *blocks, struct span index, struct span delta)
{
	happened(blocks, index_or(index, blocks->last_index), GREW, delta);
}

void messages_block_stopped(struct messages_blocks *blocks, struct span index)
{
	happened(blocks, index_or(index, blocks->last_index), STOPPED, (struct span){0});
}

void messages_blocks_end(struct messages_blocks *blocks, bool cut_off)
{
	while (blocks->count > 0) {
		struct messages_block *block =
		    blocks->talking != NULL ? blocks->talking : blocks->list[0];

		if (!cut_off || blocks->count > 1) {
			finish(blocks, block);
			continue;
		}
		if (block != blocks->stopped)
			messages_block_flush(block, blocks->setting);
		drop(blocks, block);
	}
}
