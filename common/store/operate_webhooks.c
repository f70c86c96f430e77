#include "operate_internal.h"
