SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  // Otherwise it would have a server elsewhere judge the description.
  validatorUrl: null,
});
