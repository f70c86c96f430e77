-- What is known of the deployments.
--
-- KEYS  as in shared/deployments.lua
-- Reply as there
-- include deployments.lua

return known()
