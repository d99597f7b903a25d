import { serveParent } from "./listen.ts";

/* An S3 that accepts all uploads and keeps only the number of bytes. `GET /` answers it and starts at 0 again. */

let stored = 0;

serveParent(async (request, response) => {
  for await (const chunk of request as AsyncIterable<Buffer>) if (request.method === "PUT") stored += chunk.length;
  response.setHeader("etag", '"sink"');
  if (request.method === "GET") {
    response.end(String(stored));
    stored = 0;
  } else if (request.method === "POST") response.end(uploadAnswer(request.url ?? ""));
  else response.end();
});

const uploadAnswer = (target: string): string =>
  target.includes("uploads")
    ? "<InitiateMultipartUploadResult><UploadId>sink</UploadId></InitiateMultipartUploadResult>"
    : "<CompleteMultipartUploadResult><ETag>sink</ETag></CompleteMultipartUploadResult>";
