//! s3s-fs as strict as S3: conditions hold on GET, and comparing and writing are one step.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::sync::RwLock;

/// Keys share this many locks.
const LOCKS: usize = 64;

/// What was asked of the server so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// Objects put, parts not counted.
    pub puts: u64,
    /// Objects read, whole or in part.
    pub gets: u64,
    /// Objects asked about.
    pub heads: u64,
    /// Pages of listings.
    pub lists: u64,
}

/// Switches and counters, shared by the service and the test.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    pub(crate) silent_after_puts: AtomicU64,
    pub(crate) ignore_conditions: AtomicBool,
    pub(crate) deny_puts: AtomicBool,
    puts: AtomicU64,
    gets: AtomicU64,
    heads: AtomicU64,
    lists: AtomicU64,
}

impl Controls {
    fn may_write(&self) -> S3Result<()> {
        if self.deny_puts.load(Ordering::Relaxed) { Err(s3_error!(AccessDenied)) } else { Ok(()) }
    }

    pub(crate) fn requests(&self) -> Requests {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Requests { puts: read(&self.puts), gets: read(&self.gets), heads: read(&self.heads), lists: read(&self.lists) }
    }
}

/// The wrapped file system.
#[derive(Debug)]
pub(crate) struct Strict {
    files: FileSystem,
    locks: Vec<RwLock<()>>,
    controls: Arc<Controls>,
}

impl Strict {
    pub(crate) fn new(files: FileSystem, controls: Arc<Controls>) -> Self {
        Self { files, locks: (0..LOCKS).map(|_| RwLock::default()).collect(), controls }
    }

    fn lock(&self, bucket: &str, key: &str) -> &RwLock<()> {
        let mut hasher = DefaultHasher::new();
        (bucket, key).hash(&mut hasher);
        &self.locks[hasher.finish() as usize % LOCKS]
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[async_trait::async_trait]
impl S3 for Strict {
    async fn put_object(&self, mut request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        count(&self.controls.puts);
        self.controls.may_write()?;
        if self.controls.ignore_conditions.load(Ordering::Relaxed) {
            request.input.if_match = None;
            request.input.if_none_match = None;
        }
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        let response = {
            let _alone = self.lock(&bucket, &key).write().await;
            self.files.put_object(request).await
        };
        let silent = &self.controls.silent_after_puts;
        if silent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) == Ok(1) {
            // The object stands, and the client never hears of it.
            std::future::pending::<()>().await;
        }
        response
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        count(&self.controls.gets);
        let input = &request.input;
        let _shared = self.lock(&input.bucket, &input.key).read().await;
        let (if_match, if_none_match) = (input.if_match.clone(), input.if_none_match.clone());
        let response = self.files.get_object(request).await?;
        let same = |condition: &ETagCondition, weak: bool| match (condition, &response.output.e_tag) {
            (ETagCondition::Any, _) => true,
            (ETagCondition::ETag(asked), Some(found)) if weak => found.weak_cmp(asked),
            (ETagCondition::ETag(asked), Some(found)) => found.strong_cmp(asked),
            (ETagCondition::ETag(_), None) => false,
        };
        if if_match.is_some_and(|condition| !same(&condition, false)) {
            return Err(s3_error!(PreconditionFailed));
        }
        if if_none_match.is_some_and(|condition| same(&condition, true)) {
            return Err(s3_error!(NotModified));
        }
        Ok(response)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        count(&self.controls.heads);
        let _shared = self.lock(&request.input.bucket, &request.input.key).read().await;
        self.files.head_object(request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        let _alone = self.lock(&bucket, &key).write().await;
        self.files.delete_object(request).await
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.files.delete_objects(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        count(&self.controls.lists);
        self.files.list_objects_v2(request).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.controls.may_write()?;
        self.files.create_multipart_upload(request).await
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.files.upload_part(request).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        count(&self.controls.puts);
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        let _alone = self.lock(&bucket, &key).write().await;
        self.files.complete_multipart_upload(request).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.files.abort_multipart_upload(request).await
    }
}
