#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "app/responder/auth.h"
#include "common/base/digest.h"
#include "tests/unit/literal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The last of the tenants is known by the hash of "sk-hashed", as the last administrator is. */
static char hash[DIGEST_SIZE];
static struct access_key tenants[3];
static struct access_key admins[3];

static struct config make_config(void)
{
	tenants[0] = (struct access_key){.name = text("web"), .key = text("sk-web")};
	tenants[1] = (struct access_key){.name = text("both"), .key = text("sk-both")};
	tenants[2] = (struct access_key){.name = text("hashed"), .key_hash = hash};
	admins[0] = (struct access_key){.name = text("ops"), .key = text("sk-ops")};
	admins[1] = (struct access_key){.name = text("root"), .key = text("sk-both")};
	admins[2] = (struct access_key){.name = text("hashed-ops"), .key_hash = hash};
	digest_hex(hash, SPAN("sk-hashed"));
	return (struct config){.tenants = tenants,
	    .tenant_count = COUNT(tenants),
	    .admin_keys = admins,
	    .admin_key_count = COUNT(admins)};
}

static const char *auth_tenant_name(
    const struct config *config, const struct http_request *request, struct api_error *error)
{
	const struct access_key *key = auth_tenant(config, request, error);

	return key != NULL ? key->name : NULL;
}

typedef const char *auth_fn(const struct config *, const struct http_request *, struct api_error *);

static void expect(auth_fn *auth, const struct config *config, const char *key, const char *name)
{
	struct http_request request = {.api_key = key};
	struct api_error error;
	const char *who = auth(config, &request, &error);

	if (who == NULL || strcmp(who, name) != 0)
		fail_msg("%s is %s, expected %s", key, who != NULL ? who : "nobody", name);
}

/* Returns what is said. */
static struct api_error refused(
    auth_fn *auth, const struct config *config, const char *key, int status)
{
	struct http_request request = {.api_key = key};
	struct api_error error = {0};

	assert_null(auth(config, &request, &error));
	assert_int_equal(error.status, status);
	return error;
}

static void a_tenant_is_known_by_its_key_or_by_the_hash_of_it(void **state)
{
	const struct config config = make_config();

	(void)state;
	expect(auth_tenant_name, &config, "sk-web", "web");
	expect(auth_tenant_name, &config, "sk-hashed", "hashed");
	refused(auth_tenant_name, &config, "sk-we", 401);
	refused(auth_tenant_name, &config, "sk-webb", 401);
	refused(auth_tenant_name, &config, "sk-hashee", 401);
}

static void a_hash_is_no_key(void **state)
{
	const struct config config = make_config();

	(void)state;
	refused(auth_tenant_name, &config, hash, 401);
	refused(auth_admin, &config, hash, 401);
	refused(auth_tenant_name, &config, "", 401);
}

static void a_key_that_has_expired_is_refused_and_its_holder_told(void **state)
{
	const struct config config = make_config();
	struct api_error error;

	(void)state;
	tenants[0].expires = time(NULL) + 3600;
	expect(auth_tenant_name, &config, "sk-web", "web");
	tenants[0].expires = tenants[2].expires = 1;
	error = refused(auth_tenant_name, &config, "sk-web", 401);
	assert_string_equal(error.code, "invalid_api_key");
	assert_non_null(strstr(error.message, "has expired"));
	error = refused(auth_tenant_name, &config, "sk-hashed", 401);
	assert_non_null(strstr(error.message, "has expired"));
	error = refused(auth_tenant_name, &config, "sk-guess", 401);
	assert_null(strstr(error.message, "expired"));
}

static void who_has_no_key_is_what_counts_for_all(void **state)
{
	struct config config = make_config();
	struct http_request request = {.api_key = NULL};
	struct api_error error;

	(void)state;
	assert_null(auth_tenant(&config, &request, &error));
	config.allow_anonymous = true;
	assert_ptr_equal(auth_tenant(&config, &request, &error), &config.tenant_defaults);
	request.api_key = "sk-guess";
	assert_null(auth_tenant(&config, &request, &error));
}

static void an_administrator_is_no_tenant_without_a_key_of_both(void **state)
{
	const struct config config = make_config();
	struct api_error of_admin, of_nobody;

	(void)state;
	expect(auth_admin, &config, "sk-ops", "ops");
	expect(auth_admin, &config, "sk-both", "root");
	expect(auth_tenant_name, &config, "sk-both", "both");
	expect(auth_admin, &config, "sk-hashed", "hashed-ops");
	of_admin = refused(auth_tenant_name, &config, "sk-ops", 401);
	of_nobody = refused(auth_tenant_name, &config, "sk-guess", 401);
	assert_string_equal(of_admin.message, of_nobody.message);
}

static void a_tenant_is_told_that_an_administrator_s_key_is_expected(void **state)
{
	const struct config config = make_config();
	struct api_error error = refused(auth_admin, &config, "sk-web", 403);

	(void)state;
	assert_string_equal(error.code, "admin_key_required");
	assert_non_null(strstr(error.message, "respool.admin_keys"));
	assert_null(strstr(error.message, "sk-"));
}

static void nobody_is_an_administrator_without_a_key(void **state)
{
	struct config config = make_config();

	(void)state;
	config.allow_anonymous = true;
	refused(auth_admin, &config, NULL, 401);
	refused(auth_admin, &config, "", 401);
	refused(auth_admin, &config, "sk-guess", 401);
}

static void where_no_administrator_has_a_key_it_is_said_what_is_missing(void **state)
{
	static const struct {
		const char *key;
		int status;
	} cases[] = {{NULL, 401}, {"sk-guess", 401}, {"sk-web", 403}};
	struct config config = make_config();

	(void)state;
	config.admin_key_count = 0;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct api_error error =
		    refused(auth_admin, &config, cases[i].key, cases[i].status);

		assert_non_null(strstr(error.message, "is configured: respool.admin_keys"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tenant_is_known_by_its_key_or_by_the_hash_of_it),
	    cmocka_unit_test(a_hash_is_no_key),
	    cmocka_unit_test(a_key_that_has_expired_is_refused_and_its_holder_told),
	    cmocka_unit_test(who_has_no_key_is_what_counts_for_all),
	    cmocka_unit_test(an_administrator_is_no_tenant_without_a_key_of_both),
	    cmocka_unit_test(a_tenant_is_told_that_an_administrator_s_key_is_expected),
	    cmocka_unit_test(nobody_is_an_administrator_without_a_key),
	    cmocka_unit_test(where_no_administrator_has_a_key_it_is_said_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
