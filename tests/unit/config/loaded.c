#include "loaded.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char file_name[] = "config.yaml";

/* What must not leak in from the environment of whoever runs the tests. */
static const char *const variables[] = {"ANTHROPIC_API_BASE", "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL", "AWS_BEARER_TOKEN_BEDROCK", "AWS_BEDROCK_RUNTIME_ENDPOINT",
    "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_REGION_NAME", "AZURE_AI_API_BASE", "AZURE_API_BASE",
    "AZURE_API_KEY", "AZURE_API_VERSION", "AZURE_OPENAI_API_KEY", "GEMINI_API_BASE",
    "GEMINI_API_KEY", "GOOGLE_API_KEY", "GROQ_API_BASE", "GROQ_API_KEY", "HOSTED_VLLM_API_BASE",
    "LITELLM_MASTER_KEY", "OLLAMA_API_BASE", "OLLAMA_API_KEY", "OPENAI_API_BASE", "OPENAI_API_KEY",
    "OPENAI_BASE_URL", "OPENROUTER_API_KEY", "REDIS_CLUSTER_NODES", "REDIS_DB", "REDIS_HOST",
    "REDIS_PASSWORD", "REDIS_PORT", "REDIS_SENTINEL_NODES", "REDIS_SENTINEL_PASSWORD",
    "REDIS_SERVICE_NAME", "REDIS_SSL", "REDIS_SSL_CA_CERTS", "REDIS_SSL_CERTFILE",
    "REDIS_SSL_CERT_REQS", "REDIS_SSL_CHECK_HOSTNAME", "REDIS_SSL_KEYFILE",
    "REDIS_UNIX_SOCKET_PATH", "REDIS_URL", "REDIS_USERNAME", "RESPOOL_CONFIG", "TEST_A", "TEST_B",
    "TEST_C", "XAI_API_KEY"};

int enter_directory(void **state)
{
	static char directory[64];

	snprintf(directory, sizeof(directory), "/tmp/respool-config-XXXXXX");
	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		return -1;
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	*state = directory;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	return place->level == 0 ? 0 : remove(path);
}

int leave_directory(void **state)
{
	nftw(".", remove_one, 8, FTW_DEPTH | FTW_PHYS);
	if (chdir("/") != 0)
		return -1;
	return rmdir(*state);
}

static void write_named(const char *name, const char *bytes, size_t len)
{
	FILE *file = fopen(name, "w");
	int closed;

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	closed = fclose(file);
	assert_int_equal(closed, 0);
}

void write_bytes(const char *bytes, size_t len)
{
	write_named(file_name, bytes, len);
}

void write_beside(const char *name, const char *text)
{
	write_named(name, text, strlen(text));
}

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) < 65535);
	fclose(file);
	return text;
}

/* Loads a file with stderr, where the log goes, caught. */
struct result load_path(const char *path, enum config_role role)
{
	struct result result = {0};
	size_t len;
	FILE *errors = open_memstream(&result.errors, &len);
	FILE *log = fopen("stderr", "w");
	int saved = dup(STDERR_FILENO);

	assert_non_null(errors);
	assert_non_null(log);
	dup2(fileno(log), STDERR_FILENO);
	result.config = config_load(path, role, errors);
	dup2(saved, STDERR_FILENO);
	close(saved);
	fclose(log);
	fclose(errors);
	result.log = read_all("stderr");
	return result;
}

struct result load_as(enum config_role role, const char *text)
{
	write_bytes(text, strlen(text));
	return load_path(file_name, role);
}

struct result load(const char *text)
{
	return load_as(CONFIG_RESPONDER, text);
}

void done(struct result *result)
{
	config_free(result->config);
	free(result->errors);
	free(result->log);
}

/* Loads a file that must be right. */
struct result load_right(enum config_role role, const char *text)
{
	struct result result = load_as(role, text);

	assert_string_equal(result.errors, "");
	assert_non_null(result.config);
	return result;
}

void load_right_and_drop(const char *text)
{
	struct result result = load_right(CONFIG_RESPONDER, text);

	done(&result);
}

size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		count++;
	return count;
}

void assert_holds(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" is in:\n%s", part, text);
}

/* Loads a file that must be wrong in one thing, with just this message. */
void assert_error_as(enum config_role role, const char *text, const char *message)
{
	struct result result = load_as(role, text);
	char line[512];

	assert_null(result.config);
	snprintf(line, sizeof(line), "%s:%s\n", file_name, message);
	assert_string_equal(result.errors, line);
	done(&result);
}

void assert_error(const char *text, const char *message)
{
	assert_error_as(CONFIG_RESPONDER, text, message);
}

const struct deployment *deployment_of(const struct result *result, size_t i)
{
	assert_true(i < result->config->deployment_count);
	return &result->config->deployments[i];
}
