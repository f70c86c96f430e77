#include "operator_json.h"
