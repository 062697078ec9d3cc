// What scripts of the workspace find in Node.

export default { console: "readonly", process: "readonly", URL: "readonly" };
