/*
 * The builder's functions, in the place of the real ones: they write down what they are told, a
 * line each, for tests of what tells it.
 */
#ifndef RESPOOL_RECORDED_STEPS_H
#define RESPOOL_RECORDED_STEPS_H

#include "common/response/builder.h"

/*
 * Lines such as
 *	begin | model "m" | text "a" [logprobs] | end part | refusal "r" | annotation {…} |
 *	reasoning "r" | encrypted "e" | end reasoning | call 1 id "i" name "n" [in "s"] [custom]
 *[with {…}] | arguments 1 "{" | extra 1 {…} | end call 1 | item ws_ {…} | usage
 *in/out/total/cached/written/reasoning | tier "t" | fail {…} | end completed | end incomplete
 *max_output_tokens each with a line end behind it.
 */
const char *recorded_steps(void);
void forget_recorded_steps(void);

#endif
