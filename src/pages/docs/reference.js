// Swagger UI stands in the page as a global: it is loaded as it is published, without a build.
const { SwaggerUIBundle } = globalThis

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  displayRequestDuration: true,
  // A token that lies in the storage of a browser is found there by whoever uses it next.
  persistAuthorization: false,
  tryItOutEnabled: true,
  // By default it sends the document to a service on the internet, which would say that it is valid.
  validatorUrl: null,
})
