/*
 * What a model's name says of Anthropic's models: "claude-sonnet-4-5-20250929" and the spellings of
 * those who resell them, "anthropic/claude-sonnet-4.5". Later models than the known ones, and those
 * whose name has no version, are taken for the newest.
 */
#ifndef RESPOOL_CLAUDE_MODELS_H
#define RESPOOL_CLAUDE_MODELS_H

/*
 * The quirks that it has by the Messages API; of QUIRK_BIT(). A model of another name is taken to
 * think by budget and not to know output_config.format, which most servers that imitate the API
 * pass over: with a tool in its place the answer keeps to the schema everywhere.
 */
unsigned claude_quirks(const char *model);

/* The most tokens that it gives out; 0 if its name does not say. */
long claude_max_tokens(const char *model);

#endif
