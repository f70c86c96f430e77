#include "courier.h"
