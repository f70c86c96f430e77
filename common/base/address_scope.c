#include "address_scope.h"
